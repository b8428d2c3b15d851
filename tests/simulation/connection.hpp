#pragma once
#include "chat/subscriber.hpp"
#include "tests/simulation/cluster.hpp"

namespace warren::simulation {

/// What a device knows of its channels: the last entry of each that it has, everything before included. Goes
/// from one connection to the next.
using Known = std::map<ChannelId, Seq>;

/// One connection of a device to a node, at both its ends: what the node writes is there at once.
class Connection final : public chat::Subscriber {
public:
    Connection(Cluster& cluster, SimNode& node, UserId user, Known& known, std::string name);

    // The node's end.
    UserId user() const override { return record.user; }
    void push(const chat::PushPtr& push) override;
    void notice(const chat::NoticePushPtr&) override {}
    void resync(const std::vector<std::pair<ChannelId, Seq>>& channels) override;
    void reconnect() override;
    void signed_out() override { close(); }
    /// From now on the node delivers.
    void opened();
    void answered(const Known& asked, const chat::SyncAnswer& answer, SteadyTime when);
    void answered(const std::vector<chat::ChannelPage>& pages, SteadyTime when);
    void answered(ChannelId channel, const chat::HistoryPage& page, SteadyTime when);

    // The device's end.
    SimNode& node() { return node_; }
    bool is_open() const { return record.live && node_.process.state != Process::State::dead; }
    bool has_to_sync() const { return has_to_sync_; }
    void close() {
        record.live = false;
        closed_ = true;
    }

    ConnectionRecord record;

private:
    void shown(ChannelId channel, Seq message, const std::string& text, SteadyTime when);
    void heard_of(const Entry& entry);
    void shown(const std::vector<chat::FoldedMessage>& messages, SteadyTime when);
    bool note(Happened happened, const std::string& what);

    Cluster& cluster_;
    SimNode& node_;
    Known& known_;
    bool has_to_sync_ = false;
    bool closed_ = false;
};

// What a device asks of a node; each is recorded on the connection, if it is still open.
Task<Result<void>> connect(chat::Chat& chat, std::shared_ptr<Connection> connection, Deadline deadline);
Task<Result<void>> sync(chat::Chat& chat, std::shared_ptr<Connection> connection, Known known,
                        Deadline deadline);
Task<Result<void>> read_all(chat::Chat& chat, std::shared_ptr<Connection> connection, Deadline deadline);
Task<Result<void>> read_history(chat::Chat& chat, std::shared_ptr<Connection> connection, ChannelId channel,
                                chat::HistoryQuery query, Deadline deadline);

}  // namespace warren::simulation
