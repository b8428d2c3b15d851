#include "adapters/mongo/entry_queries.hpp"

#include <algorithm>
#include <map>

#include "adapters/mongo/entry_document.hpp"
#include "adapters/mongo/schema.hpp"

namespace warren::adapters::mongo {
namespace {

using Entries = std::vector<EntryPtr>;

// Up to so many questions are asked one by one, each by equality; beyond it as one `$or`, which MongoDB
// answers from the index clause by clause, but of which some compatible servers read the whole collection.
constexpr std::size_t kOneByOneMax = 8;
constexpr std::size_t kClausesMax = 100;
constexpr Bucket kBucketsOneByOneMax = 4;

Seq to_int64(Seq seq) {
    return std::min<Seq>(seq, INT64_MAX);
}

Document in_channel(ChannelId channel) {
    Document out;
    out.add("channelId", channel);
    return out;
}

Document in_bucket(ChannelId channel, Bucket bucket) {
    auto out = in_channel(channel);
    out.add("bucket", bucket);
    return out;
}

Document between(Seq from, Seq to) {
    Document out;
    out.add("$gte", from).add("$lte", to_int64(to));
    return out;
}

FindOptions by_seq(std::int32_t direction, std::size_t limit) {
    FindOptions out;
    out.sort.add("seq", direction);
    out.limit = limit;
    return out;
}

FindOptions by_bucket_and_seq(std::int32_t direction, std::size_t limit) {
    FindOptions out;
    out.sort.add("bucket", direction).add("seq", direction);
    out.limit = limit;
    return out;
}

Result<void> collect(Call& call, const Document& filter, const FindOptions& options, Entries& out) {
    const auto each = [&out](const bson_t& found) -> Result<void> {
        WARREN_TRY(entry, entry_of(found));
        out.push_back(std::move(entry));
        return {};
    };
    return call.find(kEntries, filter, options, each);
}

Result<EntryPtr> first_of(Call& call, const Document& filter, const FindOptions& options) {
    Entries found;
    WARREN_TRY_VOID(collect(call, filter, options, found));
    return found.empty() ? nullptr : found.front();
}

Result<EntryPtr> newest_in(Call& call, ChannelId channel, Bucket bucket, Seq from) {
    auto filter = in_bucket(channel, bucket);
    filter.add("seq", between(from, INT64_MAX));
    return first_of(call, filter, by_seq(-1, 1));
}

// A log is dense, so a bucket that is not full is the last one, and a full one may have a successor.
Result<EntryPtr> walk_to_head(Call& call, EntryPtr newest) {
    while (newest->seq == last_seq_of(bucket_of(newest->seq))) {
        WARREN_TRY(next, newest_in(call, newest->channel, bucket_of(newest->seq) + 1, newest->seq));
        if (!next) break;
        newest = std::move(next);
    }
    return newest;
}

// One query per clause where they are few, else `$or`s of them.
Result<void> collect_any(Call& call, const std::vector<Document>& clauses, Entries& out) {
    if (clauses.size() <= kOneByOneMax) {
        for (const auto& clause : clauses)
            WARREN_TRY_VOID(collect(call, clause, {}, out));
        return {};
    }
    for (std::size_t from = 0; from < clauses.size(); from += kClausesMax) {
        List list;
        for (std::size_t i = from; i < std::min(from + kClausesMax, clauses.size()); ++i)
            list.add(clauses[i]);
        Document filter;
        filter.add("$or", list);
        WARREN_TRY_VOID(collect(call, filter, {}, out));
    }
    return {};
}

// The newest seq of each channel's known bucket. Answered from the index alone: seqs only, since up to 128
// entries per channel may have come since, and their texts would be many megabytes.
Result<void> newest_seqs(Call& call, const std::vector<Place>& known, std::map<ChannelId, Seq>& out) {
    FindOptions keys_only;
    keys_only.projection.add("_id", 0).add("channelId", 1).add("bucket", 1).add("seq", 1);
    const auto each = [&out](const bson_t& found) -> Result<void> {
        Fields fields(found);
        auto& newest = out[fields.id<ChannelId>("channelId")];
        newest = std::max<Seq>(newest, fields.number("seq"));
        return {};
    };
    for (std::size_t from = 0; from < known.size(); from += kClausesMax) {
        List clauses;
        for (std::size_t i = from; i < std::min(from + kClausesMax, known.size()); ++i) {
            auto clause = in_bucket(known[i].channel, bucket_of(known[i].seq));
            clause.add("seq", between(known[i].seq, INT64_MAX));
            clauses.add(clause);
        }
        Document filter;
        filter.add("$or", clauses);
        WARREN_TRY_VOID(call.find(kEntries, filter, keys_only, each));
    }
    return {};
}

// The heads of those channels of which a place is known; the others are not in the answer.
Result<std::map<ChannelId, EntryPtr>> heads_from_known(Call& call, const std::vector<Place>& known) {
    std::map<ChannelId, Seq> seqs;
    WARREN_TRY_VOID(newest_seqs(call, known, seqs));
    std::vector<Place> places;
    for (const auto& [channel, seq] : seqs)
        places.push_back({channel, seq});
    WARREN_TRY(entries, find_at(call, std::move(places)));
    std::map<ChannelId, EntryPtr> out;
    for (auto& entry : entries) {
        const auto channel = entry->channel;
        WARREN_TRY(head, walk_to_head(call, std::move(entry)));
        out.emplace(channel, std::move(head));
    }
    return out;
}

}  // namespace

Result<EntryPtr> find_head(Call& call, KnownSeqs& known, ChannelId channel) {
    EntryPtr newest;
    if (const auto seq = known.of(channel); seq != 0) {
        WARREN_TRY(found, newest_in(call, channel, bucket_of(seq), seq));
        newest = std::move(found);
        // Only a store that was put back to an older state has less than it had.
        if (!newest) known.forget(channel);
    }
    if (newest) {
        WARREN_TRY(head, walk_to_head(call, std::move(newest)));
        newest = std::move(head);
    } else {
        WARREN_TRY(head, first_of(call, in_channel(channel), by_bucket_and_seq(-1, 1)));
        newest = std::move(head);
    }
    if (newest) known.note(channel, newest->seq);
    return newest;
}

Result<Entries> find_heads(Call& call, KnownSeqs& known, const std::vector<ChannelId>& channels) {
    std::vector<Place> places;
    for (const auto& channel : channels) {
        if (const auto seq = known.of(channel); seq != 0) places.push_back({channel, seq});
    }
    std::map<ChannelId, EntryPtr> found;
    if (places.size() > kOneByOneMax) {
        WARREN_TRY(heads, heads_from_known(call, places));
        found = std::move(heads);
    }
    Entries out;
    for (const auto& channel : channels) {
        if (const auto head = found.find(channel); head != found.end()) {
            known.note(channel, head->second->seq);
            out.push_back(head->second);
            continue;
        }
        WARREN_TRY(head, find_head(call, known, channel));
        out.push_back(std::move(head));
    }
    return out;
}

Result<Entries> find_by_nonces(Call& call, ChannelId channel, const std::vector<NonceKey>& keys) {
    std::vector<Document> clauses;
    for (const auto& key : keys) {
        auto clause = in_channel(channel);
        clause.add("senderId", key.sender).add("nonce", key.nonce);
        clauses.push_back(std::move(clause));
    }
    Entries out;
    if (clauses.size() <= 1) {
        WARREN_TRY_VOID(collect_any(call, clauses, out));
        return out;
    }
    List any;
    for (const auto& clause : clauses)
        any.add(clause);
    auto filter = in_channel(channel);
    filter.add("$or", any);
    WARREN_TRY_VOID(collect(call, filter, {}, out));
    return out;
}

Result<Entries> find_range(Call& call, ChannelId channel, Seq from, Seq to, std::size_t limit) {
    from = std::max<Seq>(from, 1);
    to = to_int64(to);
    Entries out;
    if (from > to || limit == 0) return out;
    if (bucket_of(to) - bucket_of(from) >= kBucketsOneByOneMax) {
        auto filter = in_channel(channel);
        filter.add("bucket", between(bucket_of(from), bucket_of(to))).add("seq", between(from, to));
        WARREN_TRY_VOID(collect(call, filter, by_bucket_and_seq(1, limit), out));
        return out;
    }
    for (auto bucket = bucket_of(from); bucket <= bucket_of(to) && out.size() < limit; ++bucket) {
        auto filter = in_bucket(channel, bucket);
        filter.add("seq", between(from, to));
        WARREN_TRY_VOID(collect(call, filter, by_seq(1, limit - out.size()), out));
    }
    return out;
}

Result<Entries> find_targeting(Call& call, ChannelId channel, Bucket bucket, Seq after) {
    auto filter = in_channel(channel);
    Document later;
    later.add("$gt", to_int64(after));
    filter.add("targetBucket", bucket).add("seq", later);
    Entries out;
    WARREN_TRY_VOID(collect(call, filter, by_seq(1, 0), out));
    return out;
}

Result<Entries> find_at(Call& call, std::vector<Place> places) {
    std::erase_if(places, [](const Place& place) { return place.seq == 0 || place.seq > INT64_MAX; });
    std::ranges::sort(places);
    std::vector<Document> clauses;
    for (auto place = places.begin(); place != places.end();) {
        const auto channel = place->channel;
        const auto bucket = bucket_of(place->seq);
        List seqs;
        for (; place != places.end() && place->channel == channel && bucket_of(place->seq) == bucket; ++place)
            seqs.add(place->seq);
        Document any;
        any.add("$in", seqs);
        clauses.push_back(in_bucket(channel, bucket));
        clauses.back().add("seq", any);
    }
    Entries out;
    WARREN_TRY_VOID(collect_any(call, clauses, out));
    return out;
}

Result<Seq> find_first_seq(Call& call, ChannelId channel) {
    WARREN_TRY(first, first_of(call, in_bucket(channel, 0), by_seq(1, 1)));
    if (first) return first->seq;
    WARREN_TRY(oldest, first_of(call, in_channel(channel), by_bucket_and_seq(1, 1)));
    return oldest ? oldest->seq : 1;
}

}  // namespace warren::adapters::mongo
