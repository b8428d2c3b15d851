#pragma once
#include <atomic>
#include <memory>

#include "adapters/lru_cache/lru_cache.hpp"
#include "api/rest.hpp"
#include "app/admin_http.hpp"
#include "app/bus.hpp"
#include "app/config.hpp"
#include "app/partition_watch.hpp"
#include "app/stores.hpp"
#include "chat/accounts.hpp"
#include "chat/chat.hpp"
#include "gateway/gateway.hpp"
#include "http/server.hpp"
#include "ports/secrets.hpp"
#include "ports/system_clock.hpp"
#include "socketio/server.hpp"

namespace warren::app {

/// One node, put together: stores, bus, chat on a thread of its own, and the server with its shards. Made
/// once the stores are prepared. Used on the main thread, which is none of its shards.
class Node {
public:
    struct Parts {
        std::unique_ptr<Secrets> secrets;
        std::unique_ptr<Stores> stores;
        std::unique_ptr<Bus> bus;
    };
    /// `config.node_name` is not empty.
    Node(const Config& config, Parts parts, Health& health, AdminHttp& admin, Metrics& metrics);
    ~Node();

    /// Starts chat, then listens. @errors unavailable (the address)
    Result<void> start();
    /// Until the bus is up, so that the first clients miss nothing; at most `span`.
    Task<void> wait_for_bus(std::chrono::milliseconds span);
    /// Runs `task` on the chat thread and resumes the caller on its own.
    Task<void> on_chat(Task<void> task);
    /// Refuses new clients, answers what was accepted, sends the clients away over `over`, and stops.
    Task<void> drain(std::chrono::milliseconds over);

    /// Gives back what many at once needed for a moment, and an idle node does not. Thread-safe; takes
    /// milliseconds.
    void give_memory_back();

    /// Ends the connections of `user` on every node. Thread-safe, returns at once.
    void sign_out(UserId user);

    chat::Chat& chat() { return *chat_; }
    chat::Accounts& accounts() { return accounts_; }
    Clock& clock() { return clock_; }
    std::uint16_t port() const { return http_.port(); }
    const std::string& name() const { return config_.node_name; }

private:
    static Task<void> beat(Node& node);
    Condition bus_condition() const;
    void stop_threads();

    // In the order of their dependencies; what is below may use what is above until it is gone.
    Config config_;
    Parts parts_;
    Health& health_;
    AdminHttp& admin_;
    SystemClock clock_;
    IdMaker ids_;
    NodeId id_;
    adapters::LruCache cache_;
    PartitionWatch bus_;
    chat::Environment environment_;
    chat::Accounts accounts_;
    http::Shard chat_shard_;
    std::unique_ptr<chat::Chat> chat_;
    std::atomic<bool> bus_is_up_{false};
    http::Server http_;
    std::shared_ptr<gateway::Gateway> gateway_;
    socketio::Server sockets_;
    api::Rest rest_;
    bool running_ = false;
    std::atomic<bool> stopping_{false};
};

}  // namespace warren::app
