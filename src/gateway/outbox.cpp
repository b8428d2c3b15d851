#include "gateway/outbox.hpp"

#include "base/prefetch.hpp"

namespace warren::gateway {

Outbox::Bag& Outbox::bag_of(http::Shard& shard) {
    if (bags_.size() <= shard.index()) bags_.resize(shard.index() + 1);
    auto& bag = bags_[shard.index()];
    bag.shard = &shard;
    if (!std::exchange(flush_is_due_, true)) chat_shard_.flush_soon(shared_from_this());
    return bag;
}

void Outbox::put(std::shared_ptr<Client> client, Word word) {
    if (&client->shard() == &chat_shard_) return client->deliver(word);
    auto& bag = bag_of(client->shard());
    bag.said.push_back({std::move(word), 1});
    bag.clients.push_back(client.get());
    bag.kept.push_back(std::move(client));
}

void Outbox::keep(std::shared_ptr<Client> client) {
    auto& shard = client->shard();
    bag_of(shard).kept.push_back(std::move(client));
}

void Outbox::put(Client& client, const socketio::EncodedPacket& packet) {
    if (&client.shard() == &chat_shard_) {
        pushed_.Increment();
        Word word(packet);
        return client.deliver(word);
    }
    ++not_counted_;
    auto& bag = bag_of(client.shard());
    const auto* last =
        bag.said.empty() ? nullptr : std::get_if<socketio::EncodedPacket>(&bag.said.back().word);
    if (last && *last == packet) {
        ++bag.said.back().count;
    } else {
        bag.said.push_back({packet, 1});
    }
    bag.clients.push_back(&client);
}

void Outbox::flush() {
    flush_is_due_ = false;
    pushed_.Increment(static_cast<double>(std::exchange(not_counted_, 0)));
    for (auto& bag : bags_) {
        if (bag.said.empty() && bag.kept.empty()) continue;
        const auto room = bag.clients.size();
        bag.shard->post([clients = std::exchange(bag.clients, {}), said = std::exchange(bag.said, {}),
                         kept = std::exchange(bag.kept, {})]() mutable {
            std::size_t next = 0;
            for (auto& [word, count] : said) {
                for (const auto end = next + count; next < end; ++next) {
                    if (next + kFarAhead < clients.size()) prefetch<128>(clients[next + kFarAhead]);
                    if (next + kAhead < clients.size()) clients[next + kAhead]->prefetch();
                    clients[next]->deliver(word);
                }
            }
        });
        bag.clients.reserve(room);  // The next is likely as large: one allocation, whatever its size.
    }
}

}  // namespace warren::gateway
