// Where a person is: read from the projections, checked against the logs' heads and against what was
// delivered.
#include <algorithm>

#include "chat/delivery.hpp"
#include "chat/delivery_state.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr int kStaleAttempts = 6;
constexpr std::chrono::milliseconds kStalePause{20};

}  // namespace

void Answered::note_ended(const Stays& stays) {
    for (const auto& [channel, seq] : stays.ended)
        ended[channel] = std::max(ended[channel], seq);
}

Task<Result<Stays>> Delivery::stays_of(UserId user, Deadline deadline,
                                       std::unordered_map<ChannelId, Seq> shown) {
    auto pause = kStalePause;
    for (int attempt = 0; attempt < kStaleAttempts; ++attempt, pause *= 2) {
        auto reading = read_stays(user, deadline);
        WARREN_CO_TRY(stays, co_await std::move(reading));
        if (!stays.stale && !is_behind(user, stays, shown)) {
            // What is shown now is not refused afterwards as of a head that is remembered from before.
            for (const auto& stay : stays.current)
                log_.on_foreign(stay.row.channel, stay.head->seq);
            co_return stays;
        }
        auto pausing = env_.clock.sleep_until(env_.clock.now() + pause);
        co_await std::move(pausing);
    }
    co_return Error(Errc::unavailable, "The newest messages cannot be read now; please try again soon.");
}

/// Whether `stays` are from before what this node has delivered, or what the client was `shown`.
bool Delivery::is_behind(UserId user, const Stays& stays, const std::unordered_map<ChannelId, Seq>& shown) {
    if (!on(Rule::refuse_stale_stays)) return false;
    for (const auto& stay : stays.current) {
        const auto* state = find(stay.row.channel);
        if (state && stay.head->seq < state->cursor) return true;
        const auto at = shown.find(stay.row.channel);
        if (at != shown.end() && stay.head->seq < at->second) return true;
    }
    const auto here = users_.find(user);
    if (here == users_.end()) return false;
    for (const auto* local : here->second->locals) {
        for (const auto* state : local->channels) {
            const auto is_told = [&](const auto& stay) { return stay.row.channel == state->id; };
            const auto is_out = [&](const auto& ended) {
                return ended.first == state->id && ended.second > state->state_seq;
            };
            if (std::any_of(stays.current.begin(), stays.current.end(), is_told)) continue;
            if (std::none_of(stays.ended.begin(), stays.ended.end(), is_out)) return true;
        }
    }
    return false;
}

/// Which of the rows hold as of their channels' heads.
Task<Result<Stays>> Delivery::read_stays(UserId user, Deadline deadline) {
    auto reading = env_.channels.whereabouts(user, env_.entries, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    Stays stays;
    for (const auto& row : found.rows) {
        if (row.to != 0) {
            stays.ended.emplace_back(row.channel, row.to);
            continue;
        }
        auto& [head, document] = found.channels[row.channel];
        // The row tells of an entry that the head is older than.
        // Or the store, losing its oldest entries, took one of them for the newest.
        if (!head || head->seq < std::max(row.from, document.start.first_seq)) {
            stays.stale = true;
            continue;
        }
        Stay stay{row, head, std::move(document)};
        if (stay.document.state_seq != head->state_seq) {
            auto finding = memberships_.as_of(row.channel, head->state_seq, deadline);
            WARREN_CO_TRY(members, co_await std::move(finding));
            const auto* standing = members->find(user);
            if (!standing) {
                stays.ended.emplace_back(row.channel, head->seq);
                continue;
            }
            stay.row.from = standing->from;
            stay.row.role = standing->role;
            auto rereading = env_.channels.channels({row.channel}, deadline);
            WARREN_CO_TRY(documents, co_await std::move(rereading));
            if (!documents.empty()) stay.document = std::move(documents.front());
        }
        stays.current.push_back(std::move(stay));
    }
    co_return stays;
}

}  // namespace warren::chat
