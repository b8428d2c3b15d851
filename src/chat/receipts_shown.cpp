// What a person is shown of who has come how far.
#include <algorithm>
#include <set>

#include "chat/receipts.hpp"

namespace warren::chat {

/// Whose rows `user` is shown: one's own, and those of the members of small channels; of two people, not of
/// one who blocked the other.
Task<Result<std::vector<MemberKey>>> Receipts::keys_shown(UserId user, const std::vector<Stay>& stays,
                                                          std::size_t others_max, Deadline deadline) {
    std::vector<MemberKey> keys;
    std::vector<MemberKey> pairs;
    std::vector<Block> asked;
    std::vector<Memberships::Wanted> shown;
    for (const auto& stay : stays) {
        keys.push_back({stay.row.channel, user});
        const std::size_t count = stay.document.member_count;
        if (!is_small(count) || count > others_max) continue;
        others_max -= count;
        shown.push_back({&stay.document, stay.head->state_seq});
    }
    auto loading = memberships_.load_all(shown, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(loading));
    for (const auto& [document, state_seq] : shown) {
        auto finding = memberships_.as_of(document->id, state_seq, deadline, document);
        WARREN_CO_TRY(members, co_await std::move(finding));
        for (const auto& standing : members->members) {
            if (standing.user == user) continue;
            (members->is_group ? keys : pairs).push_back({document->id, standing.user});
            if (!members->is_group) asked.push_back({standing.user, user});
        }
    }
    if (pairs.empty()) co_return keys;
    auto asking = env_.blocks.existing(std::move(asked), deadline);
    WARREN_CO_TRY(blocks, co_await std::move(asking));
    std::set<UserId> blockers;
    for (const auto& block : blocks)
        blockers.insert(block.blocker);
    for (const auto& key : pairs)
        if (!blockers.contains(key.user)) keys.push_back(key);
    co_return keys;
}

Task<Result<std::vector<ChannelMarks>>> Receipts::marks(UserId user, const std::vector<Stay>& stays,
                                                        std::size_t others_max, Deadline deadline) {
    auto choosing = keys_shown(user, stays, others_max, deadline);
    WARREN_CO_TRY(keys, co_await std::move(choosing));
    auto reading = env_.members.at(std::move(keys), deadline);
    WARREN_CO_TRY(states, co_await std::move(reading));
    std::ranges::sort(states, {}, &MemberState::key);
    const auto channel_of = [](const MemberState& state) { return state.key.channel; };
    std::vector<ChannelMarks> out;
    out.reserve(stays.size());
    std::vector<Place> joined;
    for (const auto& stay : stays) {
        auto& marks = out.emplace_back();
        MemberState own;
        for (const auto& state : std::ranges::equal_range(states, stay.row.channel, {}, channel_of)) {
            if (state.key.user == user) own = state;
            if (state.watermark != Watermark{})
                marks.watermarks.emplace_back(state.key.user, state.watermark);
        }
        marks.own = own_of(own, 0);
        if (needs_joined(own, stay.row.from)) joined.push_back({stay.row.channel, stay.row.from});
    }
    auto counting = count_joined(std::move(joined), deadline);
    WARREN_CO_TRY(counts, co_await std::move(counting));
    for (std::size_t i = 0; i < stays.size(); ++i) {
        auto& marks = out[i];
        // What was there before one came, and what is gone, is not unread. Where the entry that let one in is
        // gone, it was before the log begins.
        const auto gone = stays[i].document.start.count_before;
        const auto joined_at = counts.find(stays[i].row.channel);
        const auto before = joined_at == counts.end() ? gone : std::max(gone, joined_at->second);
        marks.own.read_count = std::max(marks.own.read_count, before);
        const auto count = stays[i].head->count;
        marks.unread = count - std::min(count, marks.own.read_count);
    }
    co_return out;
}

/// The counts at `places`, in which no channel is twice.
Task<Result<std::unordered_map<ChannelId, std::uint64_t>>> Receipts::count_joined(std::vector<Place> places,
                                                                                  Deadline deadline) {
    constexpr std::size_t kPlacesPerRead = 200;
    std::unordered_map<ChannelId, std::uint64_t> out;
    for (std::size_t from = 0; from < places.size(); from += kPlacesPerRead) {
        const auto to = std::min(places.size(), from + kPlacesPerRead);
        std::vector<Place> some(places.begin() + static_cast<std::ptrdiff_t>(from),
                                places.begin() + static_cast<std::ptrdiff_t>(to));
        auto reading = env_.entries.at(std::move(some), deadline);
        WARREN_CO_TRY(entries, co_await std::move(reading));
        for (const auto& entry : entries)
            out[entry->channel] = entry->count;
    }
    co_return out;
}

}  // namespace warren::chat
