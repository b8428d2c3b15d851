#include "chat/blocks.hpp"

#include <algorithm>

namespace warren::chat {
namespace {

bool has_blocked(UserId user, const std::vector<Block>& between) {
    return std::any_of(between.begin(), between.end(),
                       [user](const Block& block) { return block.blocker == user; });
}

Error own_block() {
    return {Errc::forbidden, "You have blocked this person; unblock them to write to them."};
}

}  // namespace

Result<void> check_writing(UserId sender, const std::vector<Block>& between) {
    if (has_blocked(sender, between)) return own_block();
    if (!between.empty()) return Error(Errc::forbidden, "You cannot write to this person.");
    return {};
}

Result<void> check_opening(UserId user, const std::vector<Block>& between) {
    if (has_blocked(user, between)) return own_block();
    if (!between.empty()) return Error(Errc::not_found, "There is no such person.");
    return {};
}

Task<Result<void>> Blocks::block(UserId blocker, UserId blocked, Deadline deadline) {
    if (blocker == blocked) co_return Error(Errc::invalid, "userId must be somebody else than you.");
    auto reading = env_.users.users({blocked}, deadline);
    WARREN_CO_TRY(existing, co_await std::move(reading));
    if (existing.empty()) co_return Error(Errc::not_found, "There is no such person.");
    auto listing = env_.blocks.blocked_by(blocker, deadline);
    WARREN_CO_TRY(list, co_await std::move(listing));
    // Two at the same time may both find room for one: the limit bounds a list, it need not be exact.
    if (list.size() >= env_.limits.blocked_max && !std::binary_search(list.begin(), list.end(), blocked)) {
        co_return Error(Errc::too_large, "You can block at most " + std::to_string(env_.limits.blocked_max) +
                                             " people; unblock somebody first.");
    }
    auto putting = env_.blocks.put({blocker, blocked}, deadline);
    const auto put = co_await std::move(putting);
    // Also where the outcome is unknown.
    lists_.erase(blocker);
    co_return put;
}

Task<Result<void>> Blocks::unblock(UserId blocker, UserId blocked, Deadline deadline) {
    auto removing = env_.blocks.remove({blocker, blocked}, deadline);
    const auto removed = co_await std::move(removing);
    lists_.erase(blocker);
    co_return removed;
}

Task<Result<std::vector<UserId>>> Blocks::blocked_by(UserId blocker, Deadline deadline) {
    return env_.blocks.blocked_by(blocker, deadline);
}

Task<bool> Blocks::blocks(UserId a, UserId b) {
    const auto now = env_.clock.now();
    const auto found = lists_.find(a);
    List list;
    if (found != lists_.end() && now - found->second.read_at < kBlocksRemembered) {
        list = found->second.list;
    } else {
        auto reading = env_.blocks.blocked_by(a, env_.clock.in(env_.limits.store_timeout));
        auto read = co_await std::move(reading);
        if (!read) co_return true;
        list = remember(a, std::move(*read), now);
    }
    co_return std::binary_search(list->begin(), list->end(), b);
}

Blocks::List Blocks::remember(UserId user, std::vector<UserId> list, SteadyTime read_at) {
    if (lists_.size() >= kListsMax) lists_.clear();
    auto shared = std::make_shared<const std::vector<UserId>>(std::move(list));
    lists_[user] = {shared, read_at};
    return shared;
}

}  // namespace warren::chat
