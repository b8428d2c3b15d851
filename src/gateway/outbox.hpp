#pragma once
#include <memory>
#include <vector>

#include "gateway/client.hpp"
#include "http/shard.hpp"

namespace warren::gateway {

/// The one way from chat's thread to the connections: what is put comes out on each connection's shard in the
/// order of putting, answers and pushes alike. For connections of chat's own shard at once; for those of
/// another shard everything of a turn goes over as one job. On the chat shard only.
class Outbox final : public http::Flushable, public std::enable_shared_from_this<Outbox> {
public:
    explicit Outbox(http::Shard& chat_shard) : chat_shard_(chat_shard) {}

    void put(std::shared_ptr<Client> client, Word word);
    void flush() override;

private:
    struct Item {
        std::shared_ptr<Client> client;
        Word word;
    };
    struct Bag {
        http::Shard* shard = nullptr;
        std::vector<Item> items;
    };

    http::Shard& chat_shard_;
    std::vector<Bag> bags_;  // By the shard's index.
    bool flush_is_due_ = false;
};

}  // namespace warren::gateway
