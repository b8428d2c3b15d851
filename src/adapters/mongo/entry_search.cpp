#include "adapters/mongo/entry_search.hpp"

#include <algorithm>
#include <functional>

#include "adapters/mongo/entry_document.hpp"
#include "adapters/mongo/schema.hpp"
#include "ports/entry_words.hpp"

namespace warren::adapters::mongo {
namespace {

/// Several edits of one message give one hit.
constexpr std::size_t kMoreThanAsked = 16;
/// Up to so many channels are asked one by one, each by equality and in the order of the index.
constexpr std::size_t kOneByOneMax = 16;
constexpr std::size_t kAddedAtOnce = 500;

Document with_words(const words::Needles& needles) {
    Document out;
    if (needles.words.empty()) {
        // A word holds nothing that has a meaning in a pattern.
        out.add_regex("words", '^' + needles.prefix);
    } else if (needles.words.size() == 1) {
        out.add("words", needles.words.front());
    } else {
        List all;
        for (const auto& word : needles.words)
            all.add(word);
        Document condition;
        condition.add("$all", all);
        out.add("words", condition);
    }
    return out;
}

template <class Value>
Document compared(std::string_view key, std::string_view how, const Value& value) {
    Document condition;
    condition.add(how, value);
    Document out;
    out.add(key, condition);
    return out;
}

/// Hits below `place`: those of its time are told apart by seq and channel.
void add_below(Document& filter, const Hit& place) {
    Document at;
    at.add("$lte", place.at);
    const auto seq = static_cast<std::int64_t>(std::min<Seq>(place.seq, INT64_MAX));
    Document same;
    same.add("wordsSeq", seq);
    bson_concat(same.get(), compared("channelId", "$lt", place.channel).get());
    List either;
    either.add(compared("wordsAt", "$lt", place.at)).add(compared("wordsSeq", "$lt", seq)).add(same);
    filter.add("wordsAt", at).add("$or", either);
}

/// In the order of the index, where one channel is asked for.
FindOptions newest_first(bool of_many_channels, std::size_t limit) {
    FindOptions out;
    out.sort.add("wordsAt", std::int32_t{-1}).add("wordsSeq", std::int32_t{-1});
    if (of_many_channels) out.sort.add("channelId", std::int32_t{-1});
    out.projection.add("channelId", std::int32_t{1})
        .add("wordsAt", std::int32_t{1})
        .add("wordsSeq", std::int32_t{1});
    out.limit = limit;
    return out;
}

Document in_channel(ChannelId channel) {
    Document out;
    out.add("channelId", channel);
    return out;
}

Result<std::vector<Hit>> find_hits(Call& call, const Document& filter, const FindOptions& options) {
    std::vector<Hit> out;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        Fields in(found);
        out.push_back({in.time("wordsAt"), in.number("wordsSeq"), in.id<ChannelId>("channelId")});
        return {};
    };
    WARREN_TRY_VOID(call.find(kEntries, filter, options, each));
    return out;
}

Result<std::vector<EntryPtr>> find_without_words(Call& call, EntryKind kind) {
    std::vector<EntryPtr> out;
    Document filter;
    filter.add("kind", name_of(kind));
    bson_concat(filter.get(), compared("words", "$exists", false).get());
    // Those without a single word are found again and again otherwise.
    bson_concat(filter.get(), compared("body.text", "$gt", "").get());
    FindOptions options;
    options.limit = kAddedAtOnce;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        WARREN_TRY(entry, entry_of(found));
        out.push_back(std::move(entry));
        return {};
    };
    WARREN_TRY_VOID(call.find(kEntries, filter, options, each));
    return out;
}

Result<Update> adding_words(Call& call, const Entry& entry) {
    WARREN_TRY(at, find_searched_time(call, entry));
    Document words = words_of(entry, at);
    if (words.empty()) words.add("words", List());
    Update out;
    out.filter.add("channelId", entry.channel).add("bucket", bucket_of(entry.seq)).add("seq", entry.seq);
    out.change.add("$set", words);
    return out;
}

}  // namespace

Result<Hits> find_words(Call& call, const std::vector<ChannelId>& channels, const words::Needles& needles,
                        const std::optional<Hit>& before, std::size_t limit) {
    auto conditions = with_words(needles);
    if (before) add_below(conditions, *before);
    std::vector<Hit> hits;
    // Down to here the hits of all channels are known.
    std::optional<Hit> known;
    const auto ask = [&](Document filter, bool of_many) -> Result<void> {
        bson_concat(filter.get(), conditions.get());
        WARREN_TRY(found, find_hits(call, filter, newest_first(of_many, limit + kMoreThanAsked)));
        if (found.size() == limit + kMoreThanAsked) known = std::max(known, std::optional(found.back()));
        hits.insert(hits.end(), found.begin(), found.end());
        return {};
    };
    if (channels.size() > kOneByOneMax) {
        WARREN_TRY_VOID(ask(any_of("channelId", channels), true));
    } else {
        for (const auto& channel : channels)
            WARREN_TRY_VOID(ask(in_channel(channel), false));
    }
    std::sort(hits.begin(), hits.end(), std::greater<>());
    hits.erase(std::unique(hits.begin(), hits.end()), hits.end());
    if (known) hits.erase(std::upper_bound(hits.begin(), hits.end(), *known, std::greater<>()), hits.end());
    Hits out{std::move(hits), std::nullopt};
    const bool cut = out.hits.size() > limit;
    if (cut) out.hits.resize(limit);
    if (cut || known) out.more = out.hits.back();
    return out;
}

Result<WallTime> find_searched_time(Call& call, const Entry& entry) {
    if (!std::holds_alternative<EditBody>(entry.body)) return entry.at;
    Document filter;
    filter.add("channelId", entry.channel).add("bucket", bucket_of(entry.target()));
    filter.add("seq", entry.target());
    FindOptions options;
    options.projection.add("at", std::int32_t{1});
    auto at = entry.at;
    const auto each = [&at](const bson_t& found) -> Result<void> {
        at = Fields(found).time("at");
        return {};
    };
    WARREN_TRY_VOID(call.find(kEntries, filter, options, each));
    return at;
}

Result<void> add_missing_words(Call& call) {
    for (const auto kind : {EntryKind::message, EntryKind::edit}) {
        for (;;) {
            WARREN_TRY(entries, find_without_words(call, kind));
            if (entries.empty()) break;
            std::vector<Update> updates;
            for (const auto& entry : entries) {
                WARREN_TRY(update, adding_words(call, *entry));
                updates.push_back(std::move(update));
            }
            WARREN_TRY_VOID(call.update(kEntries, updates));
        }
    }
    return {};
}

}  // namespace warren::adapters::mongo
