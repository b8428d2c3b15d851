// Searching messages: the store's index gives candidates, which are read from the log and looked at again
// here.
#include <algorithm>
#include <charconv>

#include "chat/chat.hpp"
#include "words/query.hpp"
#include "words/tokens.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kSearchLimitMax = 100;
/// How often the index is asked for one page; then the client has to ask again.
constexpr int kRoundsMax = 4;
/// Candidates asked for at least: each may turn out to be none.
constexpr std::size_t kHitsMin = 20;

std::string cursor_of(const Hit& hit) {
    return std::to_string(hit.at.time_since_epoch().count()) + "-" + std::to_string(hit.seq) + "-" +
           hit.channel.hex();
}

/// The number at the start of `text`, which is shortened to what follows the dash behind it.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end == text.data() + text.size() || *end != '-') return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

Result<std::optional<Hit>> parse_cursor(const std::optional<std::string>& given) {
    if (!given) return std::optional<Hit>();
    std::string_view text = *given;
    std::int64_t milliseconds = 0;
    Hit hit;
    if (take_number(text, milliseconds) && take_number(text, hit.seq)) {
        hit.at = WallTime(std::chrono::milliseconds(milliseconds));
        if (const auto channel = ChannelId::parse(text)) {
            hit.channel = *channel;
            return std::optional(hit);
        }
    }
    return Error(Errc::invalid, "\"before\" must be the `next` of an earlier answer.");
}

bool is_meant(const FoldedMessage& message, const words::Query& query) {
    return message.deleted_by == 0 && query.matches(words::tokens(message.text));
}

/// A page that is being filled.
class Filling {
public:
    Filling(std::size_t limit, std::size_t bytes_max, const MessageBytes& bytes_of)
        : limit_(limit), bytes_left_(bytes_max), bytes_of_(bytes_of) {}

    /// Whether it was taken; otherwise the page is full.
    bool take(const Hit& hit, FoldedMessage message) {
        const auto bytes = bytes_of_(message);
        if (page_.messages.size() == limit_ || (bytes > bytes_left_ && !page_.messages.empty())) return false;
        bytes_left_ -= std::min(bytes, bytes_left_);
        page_.messages.push_back(std::move(message));
        last_ = hit;
        return true;
    }
    std::size_t missing() const { return limit_ - page_.messages.size(); }
    SearchPage end() { return std::move(page_); }
    SearchPage end_before_more() { return end_at(last_); }
    SearchPage end_at(const Hit& place) {
        page_.next = cursor_of(place);
        return std::move(page_);
    }

private:
    SearchPage page_;
    Hit last_;
    std::size_t limit_;
    std::size_t bytes_left_;
    const MessageBytes& bytes_of_;
};

/// Observes the time from its making to its end.
class Timing {
public:
    Timing(Clock& clock, prometheus::Histogram& seconds)
        : clock_(clock), seconds_(seconds), began_(clock.now()) {}
    ~Timing() { seconds_.Observe(std::chrono::duration<double>(clock_.now() - began_).count()); }
    Timing(const Timing&) = delete;
    Timing& operator=(const Timing&) = delete;

private:
    Clock& clock_;
    prometheus::Histogram& seconds_;
    SteadyTime began_;
};

}  // namespace

Task<Result<SearchPage>> Chat::search(UserId user, SearchRequest request, MessageBytes bytes_of,
                                      Deadline deadline) {
    if (request.limit == 0 || request.limit > kSearchLimitMax) {
        co_return Error(Errc::invalid, "limit must be 1 to 100.");
    }
    WARREN_CO_TRY(query, words::parse_query(request.query, env_.limits.query));
    WARREN_CO_TRY(before, parse_cursor(request.before));
    const Timing timing(env_.clock, search_seconds_);
    auto asking = searched_channels(user, request.channel, deadline);
    WARREN_CO_TRY(floors, co_await std::move(asking));
    std::vector<ChannelId> channels;
    for (const auto& [channel, floor] : floors)
        channels.push_back(channel);
    Filling filling(request.limit, env_.limits.answer_bytes_max, bytes_of);
    for (int round = 0; round < kRoundsMax; ++round) {
        const auto wanted = std::max(filling.missing() + 1, kHitsMin);
        auto searching = env_.entries.search(channels, query.needles(), before, wanted, deadline);
        WARREN_CO_TRY(hits, co_await std::move(searching));
        search_candidates_.Increment(static_cast<double>(hits.hits.size()));
        auto reading = read_hits(hits.hits, deadline);
        WARREN_CO_TRY(found, co_await std::move(reading));
        for (const auto& hit : hits.hits) {
            const auto at = found.find({hit.channel, hit.seq});
            if (at == found.end() || hit.seq < floors[hit.channel] || !is_meant(at->second, query)) continue;
            if (!filling.take(hit, std::move(at->second))) co_return filling.end_before_more();
        }
        if (!hits.more) co_return filling.end();
        before = hits.more;
    }
    co_return filling.end_at(*before);
}

Task<Result<Chat::Floors>> Chat::searched_channels(UserId user, std::optional<ChannelId> channel,
                                                   Deadline deadline) {
    Floors floors;
    if (channel) {
        auto asking = access_of(user, *channel, deadline);
        WARREN_CO_TRY(access, co_await std::move(asking));
        floors[*channel] = access.floor;
        co_return floors;
    }
    auto asking = delivery_.stays_of(user, deadline);
    WARREN_CO_TRY(stays, co_await std::move(asking));
    auto& current = stays.current;
    std::sort(current.begin(), current.end(),
              [](const Stay& a, const Stay& b) { return a.head->at > b.head->at; });
    current.resize(std::min(current.size(), env_.limits.searched_channels_max));
    for (const auto& stay : current)
        floors[stay.row.channel] = stay.floor();
    co_return floors;
}

/// What was deleted or edited before the call shows in what is read: changes are read after the messages.
Task<Result<Chat::Found>> Chat::read_hits(std::vector<Hit> hits, Deadline deadline) {
    std::vector<Place> places;
    for (const auto& hit : hits)
        places.push_back({hit.channel, hit.seq});
    auto reading = env_.entries.at(std::move(places), deadline);
    WARREN_CO_TRY(entries, co_await std::move(reading));
    std::map<std::pair<ChannelId, Bucket>, std::vector<EntryPtr>> pages;
    const auto is_before = [](const EntryPtr& a, const EntryPtr& b) { return a->seq < b->seq; };
    std::sort(entries.begin(), entries.end(), is_before);
    for (auto& entry : entries)
        pages[{entry->channel, bucket_of(entry->seq)}].push_back(std::move(entry));
    Found found;
    for (const auto& [page, messages] : pages) {
        auto targeting = env_.entries.targeting(page.first, page.second, 0, deadline);
        WARREN_CO_TRY(changes, co_await std::move(targeting));
        for (auto& message : fold(messages, changes))
            found.emplace(Place{page.first, message.entry->seq}, std::move(message));
    }
    co_return found;
}

}  // namespace warren::chat
