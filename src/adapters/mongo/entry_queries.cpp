#include "adapters/mongo/entry_queries.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "adapters/mongo/entry_document.hpp"
#include "adapters/mongo/schema.hpp"

namespace warren::adapters::mongo {
namespace {

using Entries = std::vector<EntryPtr>;

// Up to so many questions are asked one by one, each by equality; beyond it as one `$or`, which MongoDB
// answers from the index clause by clause, but of which some compatible servers read the whole collection.
constexpr std::size_t kOneByOneMax = 16;
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

// Places of one bucket.
struct Stretch {
    ChannelId channel;
    Bucket bucket = 0;
    std::vector<Seq> seqs;
};

Document filter_of(const Stretch& stretch) {
    auto out = in_bucket(stretch.channel, stretch.bucket);
    bson_concat(out.get(), any_of("seq", stretch.seqs).get());
    return out;
}

// One query for many stretches. The seqs of all are given beside the `$or`: MongoDB has no use for them, but
// a server that reads every entry to answer an `$or` then tries its clauses on few (measured on FerretDB, 100
// clauses of 10 000 entries: 5 s, with them 1.5 s).
Result<void> collect_together(Call& call, std::span<const Stretch> stretches, Entries& out) {
    List clauses;
    std::set<Seq> seqs;
    for (const auto& stretch : stretches) {
        clauses.add(filter_of(stretch));
        seqs.insert(stretch.seqs.begin(), stretch.seqs.end());
    }
    auto filter = any_of("seq", seqs);
    filter.add("$or", clauses);
    return collect(call, filter, {}, out);
}

std::vector<Stretch> stretches_of(std::vector<Place> places) {
    std::erase_if(places, [](const Place& place) { return place.seq == 0 || place.seq > INT64_MAX; });
    std::ranges::sort(places);
    std::vector<Stretch> out;
    for (const auto& place : places) {
        const auto bucket = bucket_of(place.seq);
        if (out.empty() || out.back().channel != place.channel || out.back().bucket != bucket)
            out.push_back({place.channel, bucket, {}});
        out.back().seqs.push_back(place.seq);
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
        const auto seq = known.of(channel);
        if (seq != 0) places.insert(places.end(), {{channel, seq}, {channel, seq + 1}});
    }
    // Where the place after the known one is empty, the known one is the head still: a log is dense.
    WARREN_TRY(entries, find_at(call, std::move(places)));
    std::map<Place, EntryPtr> found;
    for (auto& entry : entries)
        found.emplace(Place{entry->channel, entry->seq}, std::move(entry));
    Entries out;
    for (const auto& channel : channels) {
        const auto seq = known.of(channel);
        const auto still = found.find({channel, seq});
        if (still != found.end() && !found.contains({channel, seq + 1})) {
            out.push_back(still->second);
            continue;
        }
        WARREN_TRY(head, find_head(call, known, channel));
        out.push_back(std::move(head));
    }
    return out;
}

Result<Entries> find_by_nonces(Call& call, ChannelId channel, const std::vector<NonceKey>& keys) {
    Entries out;
    if (keys.empty()) return out;
    List clauses;
    for (const auto& key : keys) {
        auto clause = in_channel(channel);
        clause.add("senderId", key.sender).add("nonce", key.nonce);
        if (keys.size() == 1) {
            WARREN_TRY_VOID(collect(call, clause, {}, out));
            return out;
        }
        clauses.add(clause);
    }
    auto filter = in_channel(channel);
    filter.add("$or", clauses);
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
    const auto stretches = stretches_of(std::move(places));
    Entries out;
    if (stretches.size() <= kOneByOneMax) {
        for (const auto& stretch : stretches)
            WARREN_TRY_VOID(collect(call, filter_of(stretch), {}, out));
        return out;
    }
    const std::span all(stretches);
    for (std::size_t from = 0; from < all.size(); from += kClausesMax)
        WARREN_TRY_VOID(
            collect_together(call, all.subspan(from, std::min(kClausesMax, all.size() - from)), out));
    return out;
}

Result<void> write_notes(Call& call, const std::vector<Blanking>& notes) {
    std::vector<Document> documents;
    for (const auto& note : notes) {
        Document document;
        document.add("_id", note.id).add("channelId", note.channel).add("target", note.target);
        document.add("at", note.at);
        documents.push_back(std::move(document));
    }
    WARREN_TRY_VOID(call.insert_missing(kBlankings, documents));
    return {};
}

Result<std::vector<Blanking>> find_notes(Call& call, WallTime before, std::size_t limit) {
    Document earlier;
    earlier.add("$lt", before);
    Document filter;
    filter.add("at", earlier);
    FindOptions options;
    options.sort.add("at", std::int32_t{1}).add("_id", std::int32_t{1});
    options.limit = limit;
    std::vector<Blanking> out;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        Fields in(found);
        out.push_back(
            {in.id<EntryId>("_id"), in.id<ChannelId>("channelId"), in.number("target"), in.time("at")});
        if (!in.ok()) return Error(Errc::internal, "A note of a deletion could not be decoded.");
        return {};
    };
    WARREN_TRY_VOID(call.find(kBlankings, filter, options, each));
    return out;
}

Result<void> replace_bodies(Call& call, const std::vector<EntryPtr>& entries) {
    std::vector<Update> updates;
    for (const auto& entry : entries) {
        WARREN_TRY(whole, document_of(*entry, entry->at));
        Update update;
        update.filter = in_bucket(entry->channel, bucket_of(entry->seq));
        update.filter.add("seq", entry->seq);
        Document set;
        set.add("body", Fields(*whole.get()).document("body"));
        Document words;
        words.add("words", "").add("wordsAt", "").add("wordsSeq", "");
        update.change.add("$set", set).add("$unset", words);
        updates.push_back(std::move(update));
    }
    WARREN_TRY_VOID(call.update(kEntries, updates));
    return {};
}

Result<void> remove_entries(Call& call, ChannelId channel, Bucket bucket) {
    std::vector<Document> oldest_first;
    for (Seq seq = first_seq_of(bucket); seq <= last_seq_of(bucket); ++seq) {
        auto filter = in_bucket(channel, bucket);
        filter.add("seq", seq);
        oldest_first.push_back(std::move(filter));
    }
    return call.remove_in_order(kEntries, oldest_first);
}

}  // namespace warren::adapters::mongo
