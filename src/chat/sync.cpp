// What happened since somebody was here last.
#include <algorithm>

#include "chat/chat.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kSyncEntriesPerRead = 128;
constexpr std::size_t kWatermarkBytes = 96;

}  // namespace

Task<Result<SyncAnswer>> Chat::sync(Subscriber& subscriber, std::unordered_map<ChannelId, Seq> known,
                                    EntryBytes bytes_of, Deadline deadline) {
    delivery_.hold(subscriber);
    Answered answered;
    auto reading = read_sync(subscriber.user(), std::move(known), bytes_of, answered, deadline);
    auto answer = co_await std::move(reading);
    answered.ok = answered.synced = answer.has_value();
    answered_ = answered.ok ? std::move(answered) : Answered{};
    co_return answer;
}

Task<Result<SyncAnswer>> Chat::read_sync(UserId user, std::unordered_map<ChannelId, Seq> known,
                                         const EntryBytes& bytes_of, Answered& answered, Deadline deadline) {
    if (const auto most = env_.limits.sync_channels_max; known.size() > most) {
        co_return Error(Errc::too_large,
                        "\"channels\" names more than " + std::to_string(most) + " channels.");
    }
    auto asking = delivery_.stays_of(user, deadline, known);
    WARREN_CO_TRY(stays, co_await std::move(asking));
    answered.note_ended(stays);
    SyncAnswer answer;
    answer.marks.reserve(stays.current.size());
    answered.covered.reserve(stays.current.size());
    std::size_t budget = env_.limits.answer_bytes_max;
    std::vector<WantedView> joined;
    std::vector<EntryPtr> joined_heads;
    for (const auto& stay : stays.current) {
        const auto channel = stay.row.channel;
        answered.covered[channel] = stay.head->seq;
        const auto at = known.find(channel);
        if (at == known.end()) {
            joined.push_back({stay.document, stay.head->state_seq});
            joined_heads.push_back(stay.head);
            continue;
        }
        auto reading = read_since(stay, at->second, bytes_of, budget, deadline);
        WARREN_CO_TRY(synced, co_await std::move(reading));
        answer.channels.emplace(channel, std::move(synced));
        known.erase(at);
    }
    for (const auto& [channel, seq] : known)
        answer.left.push_back(channel);
    auto viewing = directory_.views(std::move(joined), deadline, env_.limits.large_group_publish);
    WARREN_CO_TRY(views, co_await std::move(viewing));
    for (std::size_t i = 0; i < views.size(); ++i)
        answer.joined.emplace_back(views[i], joined_heads[i]);
    auto marking = receipts_.marks(user, stays.current, budget / kWatermarkBytes, deadline);
    WARREN_CO_TRY(marks, co_await std::move(marking));
    for (std::size_t i = 0; i < marks.size(); ++i)
        answer.marks.emplace(stays.current[i].row.channel, std::move(marks[i]));
    co_return answer;
}

Task<Result<SyncedChannel>> Chat::read_since(const Stay& stay, Seq known, const EntryBytes& bytes_of,
                                             std::size_t& budget, Deadline deadline) {
    SyncedChannel out;
    out.head = stay.head;
    out.first_seq = stay.floor();
    known = std::max(known, out.first_seq - 1);
    Seq next = known + 1;
    while (next <= stay.head->seq && !out.limited) {
        const Seq to = std::min(stay.head->seq, next + kSyncEntriesPerRead - 1);
        auto reading = env_.entries.range(stay.row.channel, next, to, kSyncEntriesPerRead, deadline);
        WARREN_CO_TRY(entries, co_await std::move(reading));
        if (entries.empty()) co_return Error(Errc::unavailable);
        for (auto& entry : entries) {
            const auto bytes = bytes_of(*entry);
            if (entry->seq != next) co_return Error(Errc::unavailable);
            // One that is greater than all of the budget has an answer for itself, or nobody got past it.
            out.limited = bytes > budget && budget < env_.limits.answer_bytes_max;
            if (out.limited) break;
            budget -= std::min(bytes, budget);
            ++next;
            out.entries.push_back(shown_from(out.first_seq, entry));
        }
    }
    // What goes up to the head has every delete that was acknowledged before this was asked.
    if (on(Rule::hide_deleted)) hide_deleted(out.entries, out.entries);
    if (out.limited) {
        auto hiding = hide_deleted_in(env_.entries, out.entries, deadline);
        WARREN_CO_TRY_VOID(co_await std::move(hiding));
    }
    co_return out;
}

}  // namespace warren::chat
