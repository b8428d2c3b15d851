// What people read: history, lists, members.
#include <algorithm>
#include <charconv>
#include <span>

#include "chat/chat.hpp"
#include "chat/checks.hpp"

namespace warren::chat {
namespace {

constexpr int kBucketsPerRead = 4;
constexpr std::size_t kPageMessages = 100;
constexpr std::size_t kHistoryLimitMax = 100;
constexpr std::size_t kListLimitMax = 200;
constexpr std::size_t kChannelBytes = 2'000;

/// Latest activity first; ids break ties.
bool later(const Stay& a, const Stay& b) {
    return std::pair(a.head->at, a.row.channel) > std::pair(b.head->at, b.row.channel);
}

std::string list_cursor(const Stay& stay) {
    return std::to_string(stay.head->at.time_since_epoch().count()) + "-" + stay.row.channel.hex();
}

std::optional<std::pair<WallTime, ChannelId>> parse_list_cursor(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    std::int64_t milliseconds = 0;
    const auto* end = text.data() + dash;
    const auto parsed = std::from_chars(text.data(), end, milliseconds);
    const auto channel = ChannelId::parse(text.substr(dash + 1));
    if (parsed.ptr != end || parsed.ec != std::errc() || !channel) return std::nullopt;
    return std::pair(WallTime(std::chrono::milliseconds(milliseconds)), *channel);
}

/// The entries up to the one that ends `most` messages, from either end.
std::span<const EntryPtr> oldest_messages(std::span<const EntryPtr> entries, std::size_t most) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (entries[i]->is_message() && ++count == most) return entries.first(i + 1);
    return entries;
}
std::span<const EntryPtr> newest_messages(std::span<const EntryPtr> entries, std::size_t most) {
    std::size_t count = 0;
    for (std::size_t i = entries.size(); i > 0; --i)
        if (entries[i - 1]->is_message() && ++count == most) return entries.subspan(i - 1);
    return entries;
}

/// Shortens all pages to the same number of messages, the most with which everything fits.
void shorten_evenly(std::vector<ChannelPage>& pages, const MessageBytes& bytes_of, std::size_t budget) {
    std::vector<std::vector<std::size_t>> sizes;
    for (const auto& page : pages) {
        auto& of_page = sizes.emplace_back();
        for (auto at = page.messages.rbegin(); at != page.messages.rend(); ++at)
            of_page.push_back(bytes_of(*at));
    }
    std::size_t used = pages.size() * kChannelBytes;
    std::size_t length = 0;
    for (; length < kPageMessages; ++length) {
        for (const auto& of_page : sizes)
            used += length < of_page.size() ? of_page[length] : 0;
        if (used > budget) break;
    }
    for (auto& page : pages) {
        auto& messages = page.messages;
        if (messages.size() <= length) continue;
        messages.erase(messages.begin(), messages.end() - static_cast<std::ptrdiff_t>(length));
    }
}

}  // namespace

Task<Result<Chat::Access>> Chat::access_of(UserId user, ChannelId channel, Deadline deadline) {
    auto reading = env_.channels.now({channel}, env_.entries, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    auto& [head, document] = found.front();
    if (!head) co_return no_such_channel();
    log_.on_foreign(channel, head->seq);
    auto finding = memberships_.as_of(channel, head->state_seq, deadline);
    WARREN_CO_TRY(members, co_await std::move(finding));
    const auto* standing = members->find(user);
    if (!standing) co_return no_such_channel();
    const Seq first = document.start.first_seq;
    // A store that is losing its oldest entries may take one of them for the newest.
    if (head->seq < first) co_return Error(Errc::unavailable);
    const Seq floor = members->history == HistoryAccess::since_join ? std::max(first, standing->from) : first;
    co_return Access{std::move(head), std::move(members), floor};
}

/// A page of one bucket; nothing, and `first_seq` raised past it, where it is being removed meanwhile.
Task<Result<Page>> Chat::read_bucket(ChannelId channel, Seq from, Seq to, Seq head, Seq& first_seq,
                                     Deadline deadline) {
    auto reading = pages_.read(channel, from, to, head, deadline);
    WARREN_CO_TRY(page, co_await std::move(reading));
    if (page.entries.size() == to - from + 1) co_return page;
    auto asking = is_kept(env_, channel, from, deadline);
    WARREN_CO_TRY(kept, co_await std::move(asking));
    if (kept) co_return page;
    first_seq = std::max(first_seq, last_seq_of(bucket_of(from)) + 1);
    co_return Page();
}

/// Up to `limit` messages with seq <= to, the newest of them.
Task<Result<HistoryPage>> Chat::read_back(ChannelId channel, Seq floor, Seq to, Seq head, std::size_t limit,
                                          int buckets_max, Deadline deadline) {
    HistoryPage page;
    page.first_seq = floor;
    if (to < floor || limit == 0) co_return page;
    page.to = to;
    page.from = to + 1;
    const auto has_older = [&page] { return page.from > page.first_seq; };
    for (int read = 0; read < buckets_max && has_older() && page.messages.size() < limit; ++read) {
        const Seq low = std::max(floor, first_seq_of(bucket_of(page.from - 1)));
        auto reading = read_bucket(channel, low, page.from - 1, head, page.first_seq, deadline);
        WARREN_CO_TRY(bucket, co_await std::move(reading));
        // One more than is shown tells that there is more.
        const auto most = limit + 1 - page.messages.size();
        auto messages = fold(newest_messages(bucket.entries, most), bucket.changes);
        page.from = low;
        messages.insert(messages.end(), page.messages.begin(), page.messages.end());
        page.messages = std::move(messages);
    }
    if (page.messages.size() > limit) {
        page.messages.erase(page.messages.begin(), page.messages.end() - static_cast<std::ptrdiff_t>(limit));
        page.from = page.messages.front().entry->seq;
    }
    page.limited = has_older();
    co_return page;
}

/// Up to `limit` messages with seq >= from, the oldest of them.
Task<Result<HistoryPage>> Chat::read_on(ChannelId channel, Seq from, Seq head, std::size_t limit,
                                        int buckets_max, Deadline deadline) {
    HistoryPage page;
    if (from > head || limit == 0) co_return page;
    page.from = from;
    page.to = from - 1;
    for (int read = 0; read < buckets_max && page.to < head && page.messages.size() < limit; ++read) {
        const Seq high = std::min(head, last_seq_of(bucket_of(page.to + 1)));
        auto reading = read_bucket(channel, page.to + 1, high, head, page.first_seq, deadline);
        WARREN_CO_TRY(bucket, co_await std::move(reading));
        const auto most = limit + 1 - page.messages.size();
        const auto messages = fold(oldest_messages(bucket.entries, most), bucket.changes);
        page.to = high;
        page.messages.insert(page.messages.end(), messages.begin(), messages.end());
    }
    if (page.messages.size() > limit) {
        page.messages.erase(page.messages.begin() + static_cast<std::ptrdiff_t>(limit), page.messages.end());
        page.to = page.messages.back().entry->seq;
    }
    page.limited = page.to < head;
    co_return page;
}

Task<Result<HistoryPagePtr>> Chat::history(UserId user, ChannelId channel, HistoryQuery query,
                                           Deadline deadline) {
    if (query.limit == 0 || query.limit > kHistoryLimitMax) {
        co_return Error(Errc::invalid, "limit must be 1 to 100.");
    }
    auto asking = access_of(user, channel, deadline);
    WARREN_CO_TRY(access, co_await std::move(asking));
    using From = HistoryQuery::From;
    const Seq head = access.head->seq;
    auto& histories = pages_.histories();
    if (auto known = histories.find(channel, head, access.floor, query)) co_return known;
    const auto drops = histories.drops();
    const Seq seq = query.from == From::newest ? head : std::min(query.seq, head);
    const std::size_t older = query.from == From::after    ? 0
                              : query.from == From::around ? (query.limit + 1) / 2
                                                           : query.limit;
    const int buckets = query.from == From::around ? kBucketsPerRead / 2 : kBucketsPerRead;
    const Seq last = query.from == From::before ? std::min(head, query.seq == 0 ? 0 : query.seq - 1) : seq;
    auto reading_back = read_back(channel, access.floor, last, head, older, buckets, deadline);
    WARREN_CO_TRY(page, co_await std::move(reading_back));
    if (query.from == From::after || query.from == From::around) {
        const Seq from = std::max(access.floor, seq + 1);
        auto reading_on = read_on(channel, from, head, query.limit - page.messages.size(), buckets, deadline);
        WARREN_CO_TRY(rest, co_await std::move(reading_on));
        page.messages.insert(page.messages.end(), rest.messages.begin(), rest.messages.end());
        if (page.from == 0) page.from = rest.from;
        page.to = std::max(page.to, rest.to);
        page.limited = page.limited || rest.limited;
        // What was read before the rest of its bucket went is not shown either.
        const auto is_gone = [&rest](const auto& message) { return message.entry->seq < rest.first_seq; };
        std::erase_if(page.messages, is_gone);
        page.first_seq = std::max(page.first_seq, rest.first_seq);
    }
    page.head = head;
    const bool is_whole = page.first_seq == access.floor;
    HistoryPagePtr out = std::make_shared<const HistoryPage>(std::move(page));
    // Else a bucket was removed meanwhile, of which the document does not tell yet.
    if (is_whole) histories.keep(channel, access.floor, query, out, drops);
    co_return out;
}

Task<Result<MemberPage>> Chat::members(UserId user, ChannelId channel, UserId after, std::size_t limit,
                                       Deadline deadline) {
    if (limit == 0 || limit > kListLimitMax) co_return Error(Errc::invalid, "limit must be 1 to 200.");
    auto asking = access_of(user, channel, deadline);
    WARREN_CO_TRY(access, co_await std::move(asking));
    const auto& all = access.members->members;
    const auto past = [](UserId id, const Standing& standing) { return id < standing.user; };
    const auto from = std::upper_bound(all.begin(), all.end(), after, past);
    const auto count = std::min(limit, static_cast<std::size_t>(all.end() - from));
    std::vector<UserId> ids;
    for (std::size_t i = 0; i < count; ++i)
        ids.push_back((from + static_cast<std::ptrdiff_t>(i))->user);
    auto reading = directory_.people(ids, deadline);
    WARREN_CO_TRY(people, co_await std::move(reading));
    MemberPage page;
    page.total = all.size();
    for (std::size_t i = 0; i < count; ++i) {
        page.members.push_back({std::move(people[i]), (from + static_cast<std::ptrdiff_t>(i))->role});
    }
    if (from + static_cast<std::ptrdiff_t>(count) != all.end()) page.next = ids.back();
    co_return page;
}

Task<Result<std::optional<FoldedMessage>>> Chat::newest_message(const EntryPtr& head, Deadline deadline) {
    std::optional<FoldedMessage> none;
    if (head->message_seq == 0) co_return none;
    auto reading = env_.entries.range(head->channel, head->message_seq, head->message_seq, 1, deadline);
    WARREN_CO_TRY(entries, co_await std::move(reading));
    auto targeting =
        env_.entries.targeting(head->channel, bucket_of(head->message_seq), head->message_seq, deadline);
    WARREN_CO_TRY(changes, co_await std::move(targeting));
    auto folded = fold(entries, changes);
    if (folded.empty()) co_return none;
    co_return std::optional(std::move(folded.front()));
}

Task<Result<ChannelLines>> Chat::list_channels(UserId user, std::size_t limit,
                                               std::optional<std::string> after, Deadline deadline) {
    if (limit == 0 || limit > kListLimitMax) co_return Error(Errc::invalid, "limit must be 1 to 200.");
    auto asking = delivery_.stays_of(user, deadline);
    WARREN_CO_TRY(found, co_await std::move(asking));
    auto& stays = found.current;
    std::sort(stays.begin(), stays.end(), later);
    if (after) {
        const auto cursor = parse_list_cursor(*after);
        if (!cursor) co_return Error(Errc::invalid, "after must be the `next` of an earlier answer.");
        std::erase_if(
            stays, [&](const Stay& stay) { return std::pair(stay.head->at, stay.row.channel) >= *cursor; });
    }
    ChannelLines out;
    for (auto& stay : stays) {
        if (out.lines.size() == limit) {
            out.next = list_cursor(stays[limit - 1]);
            break;
        }
        ChannelLine line{stay.document, stay.row.role, stay.head, std::nullopt, {}, nullptr};
        if (stay.head->message_seq < stay.floor()) {
            // All that was said was said before, or is gone.
        } else if (stay.head->is_message()) {
            const std::vector<EntryPtr> only{stay.head};
            line.newest = fold(only, {}).front();
        } else {
            auto reading = newest_message(stay.head, deadline);
            WARREN_CO_TRY(newest, co_await std::move(reading));
            line.newest = std::move(newest);
        }
        out.lines.push_back(std::move(line));
    }
    stays.resize(out.lines.size());
    auto marking = receipts_.marks(user, stays, SIZE_MAX, deadline);
    WARREN_CO_TRY(marks, co_await std::move(marking));
    for (std::size_t i = 0; i < marks.size(); ++i)
        out.lines[i].marks = std::move(marks[i]);
    auto finding = find_peers(user, out.lines, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(finding));
    co_return out;
}

/// All of them are looked up at once; who is in a chat is cached.
Task<Result<void>> Chat::find_peers(UserId user, std::vector<ChannelLine>& lines, Deadline deadline) {
    std::vector<UserId> others;
    std::vector<ChannelLine*> pairs;
    for (auto& line : lines) {
        if (line.channel.is_group) continue;
        auto finding = memberships_.as_of(line.channel.id, line.head->state_seq, deadline, &line.channel);
        WARREN_CO_TRY(members, co_await std::move(finding));
        for (const auto& standing : members->members) {
            if (standing.user == user) continue;
            others.push_back(standing.user);
            pairs.push_back(&line);
        }
    }
    if (others.empty()) co_return Result<void>();
    auto reading = directory_.people(std::move(others), deadline);
    WARREN_CO_TRY(people, co_await std::move(reading));
    for (std::size_t i = 0; i < pairs.size(); ++i)
        pairs[i]->peer = std::move(people[i]);
    co_return Result<void>();
}

Task<Result<std::vector<ChannelPage>>> Chat::all_channels(Subscriber& subscriber, MessageBytes bytes_of,
                                                          Deadline deadline) {
    delivery_.hold(subscriber);
    Answered answered;
    auto reading = read_pages(subscriber.user(), bytes_of, answered, deadline);
    auto pages = co_await std::move(reading);
    answered.ok = pages.has_value();
    // An error shows nothing, however far the reading came.
    answered_ = answered.ok ? std::move(answered) : Answered{};
    co_return pages;
}

Task<Result<std::vector<ChannelPage>>> Chat::read_pages(UserId user, const MessageBytes& bytes_of,
                                                        Answered& answered, Deadline deadline) {
    auto asking = delivery_.stays_of(user, deadline);
    WARREN_CO_TRY(found, co_await std::move(asking));
    auto& stays = found.current;
    std::sort(stays.begin(), stays.end(), later);
    std::vector<WantedView> wanted;
    answered.note_ended(found);
    for (const auto& stay : stays)
        wanted.push_back({stay.document, stay.head->state_seq});
    auto viewing = directory_.views(std::move(wanted), deadline);
    WARREN_CO_TRY(views, co_await std::move(viewing));
    std::vector<ChannelPage> pages;
    for (std::size_t i = 0; i < stays.size(); ++i) {
        const auto& head = stays[i].head;
        auto reading =
            read_back(head->channel, stays[i].floor(), head->seq, head->seq, kPageMessages, 2, deadline);
        WARREN_CO_TRY(page, co_await std::move(reading));
        answered.covered[head->channel] = head->seq;
        pages.push_back({views[i], head, std::move(page.messages)});
    }
    shorten_evenly(pages, bytes_of, env_.limits.answer_bytes_max);
    co_return pages;
}

void Chat::answered(Subscriber& subscriber) {
    delivery_.release(subscriber, std::exchange(answered_, {}));
}

}  // namespace warren::chat
