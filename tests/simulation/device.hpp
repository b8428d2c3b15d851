#pragma once
#include "tests/simulation/connection.hpp"

namespace warren::simulation {

/// One device of one person: connects to any node, reads, writes, comes and goes. Some sync, some are plain
/// clients that read everything anew, some only listen.
class Device {
public:
    enum class Kind { syncs, plain, listens };

    Device(Cluster& cluster, UserId user, std::string name);
    /// For ever; ends with the world.
    Task<void> live();

private:
    using ConnectionPtr = std::shared_ptr<Connection>;

    Task<ConnectionPtr> open();
    Task<bool> read_first(ConnectionPtr connection);
    Task<bool> sync_now(ConnectionPtr connection);
    Task<void> use(ConnectionPtr connection);
    Task<bool> act(ConnectionPtr connection);
    void disconnect(ConnectionPtr connection);

    void write_some(const ConnectionPtr& connection);
    Task<void> send(ChannelId channel, std::string text, ConnectionPtr connection);
    void change_some(ChannelId channel);
    std::optional<Seq> any_message(ChannelId channel, std::optional<UserId> of);
    Task<void> change(ChannelId channel, EntryBody what, SimNode* first);
    void note_deleted(const Entry& entry);
    Task<void> change_group(ChannelId channel, UserId other);
    Task<void> make_group(std::vector<UserId> members);
    Task<void> open_pair(UserId other);
    std::optional<ChannelId> any_channel();
    bool looks_far_back() const;
    std::string fresh_nonce() { return name_ + " " + std::to_string(++nonces_); }
    bool gives_up() { return random_.chance(cluster_.plan().gives_up); }
    Deadline soon();

    Cluster& cluster_;
    World& world_;
    Random random_;
    UserId user_;
    std::string name_;
    Kind kind_;
    Known known_;
    std::uint64_t connections_ = 0;
    std::uint64_t nonces_ = 0;
};

}  // namespace warren::simulation
