#pragma once
#include <unordered_map>
#include <vector>

#include "chat/blocks.hpp"
#include "chat/delivery.hpp"

namespace warren::chat {

/// Who is typing where, told to the other members of a small channel while it lasts: at most once in
/// Limits::typing_interval for each person and channel, until they stop, write, go, or do not repeat it for
/// Limits::typing_ttl. The node of the person keeps that time; whoever is shown it keeps it too, since a node
/// may die. Nothing of it is stored. On the chat executor only. Memory: Limits::typing_channels_max small
/// records for each person who types. @see docs/protocol.md#typing
class Typing final : public PeopleObserver {
public:
    Typing(asio::any_io_executor executor, Environment& env, Memberships& memberships, Blocks& blocks,
           Delivery& delivery);

    /// `by` says that its user types, or no longer. Is told to nobody in a large channel, and where one of
    /// two has blocked the other. @errors not_found (no such channel, or they are not in it)
    Task<Result<void>> set(const Subscriber& by, ChannelId channel, bool on, Deadline deadline);
    void on_wrote(UserId user, ChannelId channel) override;
    void on_closed(const Subscriber& by) override;

private:
    struct Record {
        ChannelId channel;
        std::vector<UserId> others;
        const Subscriber* by = nullptr;  // Never looked into.
        bool on = false;
        bool repeated = false;  // Since it was told.
        bool told = false;
        SteadyTime ends_at{};
        SteadyTime quiet_until{};
    };
    using Records = std::vector<Record>;

    Task<Result<MembershipPtr>> members_of(UserId user, ChannelId channel, Deadline deadline);
    Task<Result<std::vector<UserId>>> audience(UserId user, ChannelId channel, Deadline deadline);
    Record& record_of(UserId user, ChannelId channel);
    Record* find(UserId user, ChannelId channel);
    void advance(UserId user, Record& record);
    void tell(UserId user, Record& record, bool on);
    Task<void> tick_while_any();

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    Blocks& blocks_;
    Delivery& delivery_;
    std::unordered_map<UserId, Records> people_;
    bool ticking_ = false;
};

}  // namespace warren::chat
