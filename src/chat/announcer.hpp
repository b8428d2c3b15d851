#pragma once
#include <unordered_set>
#include <vector>

#include "chat/environment.hpp"
#include "chat/memberships.hpp"

namespace warren::chat {

/// Tells the other nodes over the bus what was appended here, and tells it again where that failed. Delays
/// nobody: entries are stored already, and audits find what is never announced. On the chat executor only.
/// Memory: Limits::unannounced_max channel ids; beyond, all nodes are asked to audit everything.
class Announcer {
public:
    Announcer(asio::any_io_executor executor, Environment& env, Memberships& memberships);

    /// Publishes every entry of `run` to its members: by their user keys, or by the channel's above
    /// Limits::large_group_publish; what changes the members goes to the user keys of those whom it lets in
    /// or puts out too, and to everybody's where it makes the group large.
    void announce(const std::vector<EntryPtr>& run, const MembershipPtr& before, const MembershipPtr& after);

    /// Publishes the head of `channel` again, soon.
    void remember(ChannelId channel);

    /// Publishes the heads of the remembered channels. To be called when the bus is up; does nothing while an
    /// earlier call runs.
    void announce_remembered();

private:
    std::vector<BusKey> keys_for(ChannelId channel, bool state_change, const Membership& before,
                                 const Membership& after) const;
    Task<void> publish(EntryPtr entry, std::vector<BusKey> keys);
    Task<Result<void>> publish_in_parts(std::vector<BusKey> keys, BusMessage message);
    Task<void> announce_heads(std::vector<ChannelId> channels);

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    std::unordered_set<ChannelId> unannounced_;
    bool overflowed_ = false;
    bool announcing_ = false;
    prometheus::Counter& failed_;
};

}  // namespace warren::chat
