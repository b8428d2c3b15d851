#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "chat/environment.hpp"

namespace warren::chat {

/// How long what was read of blocks may be used for what is shown of a person (never for what is written).
inline constexpr std::chrono::milliseconds kBlocksRemembered{1000};

/// Who wants nothing of whom. What is *written* (an append to a one-to-one chat) asks the store at every
/// attempt, in ChannelLog. What is *shown* (presence, typing, receipts) may be up to kBlocksRemembered late
/// on other nodes, so that a busy person costs one read a second. On the chat executor only. Memory: the
/// lists of at most kListsMax people.
class Blocks {
public:
    explicit Blocks(Environment& env) : env_(env) {}

    /// @errors invalid (oneself), not_found (no such person), too_large (Limits::blocked_max)
    Task<Result<void>> block(UserId blocker, UserId blocked, Deadline deadline);
    Task<Result<void>> unblock(UserId blocker, UserId blocked, Deadline deadline);
    /// From the store, ascending.
    Task<Result<std::vector<UserId>>> blocked_by(UserId blocker, Deadline deadline);

    /// Whether `a` has blocked `b`, who is then shown nothing of a's presence, typing and receipts. True also
    /// where that cannot be found out: rather too little is shown than too much.
    Task<bool> blocks(UserId a, UserId b);

private:
    static constexpr std::size_t kListsMax = 2'000;

    using List = std::shared_ptr<const std::vector<UserId>>;
    struct Remembered {
        List list;
        SteadyTime read_at{};
    };
    List remember(UserId user, std::vector<UserId> list, SteadyTime read_at);

    Environment& env_;
    std::unordered_map<UserId, Remembered> lists_;
};

/// Whether `sender` may write to the other of the two, given the blocks between them. Somebody who blocked
/// the other is told so whatever the other did. @errors forbidden
Result<void> check_writing(UserId sender, const std::vector<Block>& between);
/// Whether `user` may open a chat with the other. Somebody who is blocked learns no more than that there is
/// nobody to talk to. @errors forbidden (blocked the other), not_found (is blocked)
Result<void> check_opening(UserId user, const std::vector<Block>& between);

}  // namespace warren::chat
