#pragma once
#include <memory>
#include <vector>

#include "base/metrics.hpp"
#include "gateway/client.hpp"
#include "http/shard.hpp"

namespace warren::gateway {

/// The one way from chat's thread to the connections: what is put comes out on each connection's shard in the
/// order of putting, answers and pushes alike. For connections of chat's own shard at once; for those of
/// another shard everything of a turn goes over as one job, in which a packet for many of them, put for one
/// after the other, is held once. On the chat shard only.
///
/// A packet goes over without owning its client, since counting references would be a good part of what a
/// delivery costs: whoever lets a client go, once nothing more is put for it, does so by `keep`.
class Outbox final : public http::Flushable, public std::enable_shared_from_this<Outbox> {
public:
    /// `pushed` counts packets.
    Outbox(http::Shard& chat_shard, prometheus::Counter& pushed) : chat_shard_(chat_shard), pushed_(pushed) {}

    void put(Client& client, const socketio::EncodedPacket& packet);
    void put(std::shared_ptr<Client> client, Word word);
    /// It lives until everything that was put for it has come out.
    void keep(std::shared_ptr<Client> client);
    void flush() override;
    /// Lets go of what has not gone over: its clients own, through their Core, this. Once the shards have
    /// stopped.
    void drop() { bags_.clear(); }

private:
    /// For the next `count` of a bag's clients.
    struct Said {
        Word word;
        std::size_t count;
    };
    struct Bag {
        http::Shard* shard = nullptr;
        std::vector<Client*> clients;
        std::vector<Said> said;
        std::vector<std::shared_ptr<Client>> kept;
    };

    Bag& bag_of(http::Shard& shard);

    http::Shard& chat_shard_;
    prometheus::Counter& pushed_;
    std::size_t not_counted_ = 0;  // Of what was put since the last flush.
    std::vector<Bag> bags_;        // By the shard's index.
    bool flush_is_due_ = false;
};

}  // namespace warren::gateway
