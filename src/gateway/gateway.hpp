#pragma once
#include <atomic>
#include <memory>
#include <string_view>

#include "base/metrics.hpp"
#include "chat/accounts.hpp"
#include "chat/chat.hpp"
#include "gateway/options.hpp"
#include "socketio/connection.hpp"

namespace warren::gateway {

struct Core;

/// The main namespace of Warren's Socket.IO server: signs connections in, turns events into calls on chat and
/// chat's pushes into packets. Connections live on their shards; chat and every handler run on `chat_shard`,
/// whose executor the Chat must have been given. What chat's thread has to say to a connection, answers and
/// pushes alike, goes through one queue per shard, so a client sees them in the order in which they came
/// about. Everything given outlives it. @see docs/protocol.md
class Gateway final : public socketio::Application {
public:
    Gateway(chat::Chat& chat, chat::Accounts& accounts, http::Shard& chat_shard, Options options,
            Metrics& metrics);
    ~Gateway() override;

    /// Begins the background work (session re-checks, time-outs). Thread-safe; once, before the first client.
    void start();
    /// Looks up the sessions of all connections in the store, in batches, and ends those that are gone. Runs
    /// by itself every Options::recheck_period and when the bus came back. On the chat shard.
    Task<void> recheck_sessions();
    /// Every connection takes no further events, gets the answers to those it sent, and has its transport
    /// closed, spread evenly over `over`. Resolves when all are gone, at the latest Options::event_timeout
    /// and three seconds after that. New connections are turned away meanwhile (transport closed). On the
    /// chat shard.
    Task<void> drain(std::chrono::milliseconds over);
    /// Nothing is called on chat from here on. To be called before chat is destroyed, from any thread, once
    /// no shard runs any more.
    void stop();
    /// Connections that were signed in and have not gone.
    std::size_t connection_count() const;

    Task<socketio::Admission> admit(std::shared_ptr<socketio::Connection> connection) override;
    void connected(std::shared_ptr<socketio::Connection> connection) override;
    void on_event(std::shared_ptr<socketio::Connection> connection, socketio::Event event) override;
    void disconnected(std::shared_ptr<socketio::Connection> connection, std::string_view reason) override;

private:
    std::shared_ptr<Core> core_;
};

}  // namespace warren::gateway
