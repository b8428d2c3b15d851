#include "gateway/outbox.hpp"

namespace warren::gateway {

void Outbox::put(std::shared_ptr<Client> client, Word word) {
    auto& shard = client->shard();
    if (&shard == &chat_shard_) {
        client->deliver(std::move(word));
        return;
    }
    if (bags_.size() <= shard.index()) bags_.resize(shard.index() + 1);
    auto& bag = bags_[shard.index()];
    bag.shard = &shard;
    bag.items.push_back({std::move(client), std::move(word)});
    if (!std::exchange(flush_is_due_, true)) chat_shard_.flush_soon(shared_from_this());
}

void Outbox::flush() {
    flush_is_due_ = false;
    for (auto& bag : bags_) {
        if (bag.items.empty()) continue;
        const auto room = bag.items.size();
        bag.shard->post([items = std::exchange(bag.items, {})]() mutable {
            for (auto& item : items)
                item.client->deliver(std::move(item.word));
        });
        bag.items.reserve(room);  // The next is likely as large: one allocation, whatever its size.
    }
}

}  // namespace warren::gateway
