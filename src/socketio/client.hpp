#pragma once
#include <array>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/oneshot.hpp"
#include "socketio/connection.hpp"
#include "socketio/server.hpp"

namespace warren::socketio {

class Client;

/// One namespace: its name and what it does.
struct Namespace {
    std::string name;
    std::shared_ptr<Application> application;
};

/// @see Connection. States: admitting (asking the application), connected, gone.
class ConnectionImpl final : public Connection, public std::enable_shared_from_this<ConnectionImpl> {
public:
    enum class State : std::uint8_t { admitting, connected, gone };

    ConnectionImpl(std::shared_ptr<Client> client, http::Shard& shard, const Namespace& nsp,
                   json::value auth);

    std::string_view id() const override { return {id_.data(), id_.size()}; }
    http::Shard& shard() override { return shard_; }
    const json::value& auth() const override { return auth_; }
    void forget_auth() override { auth_ = json::object(); }
    asio::ip::address remote() const override;
    std::shared_ptr<void>& context() override { return context_; }
    bool is_connected() const override { return state_ == State::connected; }
    void send(const EncodedPacket& packet) override;
    Footprint footprint() const override;
    Task<Result<Answer>> emit_with_ack(std::string event, json::array args,
                                       std::chrono::milliseconds timeout) override;
    void disconnect() override;
    void close_transport() override;
    std::size_t queued_bytes() const override;

    const Namespace& space() const { return nsp_; }
    State state() const { return state_; }
    /// Asks the application and answers the client.
    static Task<void> admit(std::shared_ptr<ConnectionImpl> self);
    /// An event or acknowledgement of this namespace; false when too much waits for the admission.
    bool on_packet(Packet packet);
    /// It is over; tells the application if that knew of it.
    void leave(std::string_view reason);

private:
    struct PendingAck {
        PendingAck() : timer([](void* self) { static_cast<PendingAck*>(self)->time_out(); }, this) {}
        void time_out();
        Oneshot<Result<Answer>> answer;
        http::Timer timer;
        ConnectionImpl* connection = nullptr;
        std::uint64_t id = 0;
    };
    /// What an ordinary idle connection has none of.
    struct Extra {
        std::vector<Packet> waiting;
        std::size_t waiting_bytes = 0;
        std::uint64_t next_ack = 0;
        std::unordered_map<std::uint64_t, std::shared_ptr<PendingAck>> acks;
    };

    std::string_view nsp() const override { return nsp_.name; }
    Extra& extra();
    void accept(Accept accepted);
    void refuse(const Refuse& refused);
    void deliver(Packet packet);
    void resolve(std::uint64_t ack, Result<Answer> answer);

    std::shared_ptr<Client> client_;  ///< Until it is gone.
    http::Shard& shard_;
    const Namespace& nsp_;
    std::array<char, 20> id_;
    State state_ = State::admitting;
    json::value auth_;
    std::shared_ptr<void> context_;
    std::unique_ptr<Extra> extra_;
};

struct Server::Impl {
    Options options;
    std::map<std::string, Namespace, std::less<>> namespaces;  ///< Fixed once serving.
    std::unique_ptr<engineio::Server> engine;
};

/// One Engine.IO session with its connections.
class Client final : public engineio::SessionListener, public std::enable_shared_from_this<Client> {
public:
    Client(Server::Impl& server, std::shared_ptr<engineio::Session> session);
    void start();

    void on_message(engineio::Session& session, bool binary, std::string_view data) override;
    void on_closed(engineio::Session& session, std::string_view reason) override;

    const Options& options() const { return server_.options; }
    asio::ip::address remote() const { return session_ ? session_->remote() : asio::ip::address(); }
    engineio::Session* session() { return session_.get(); }
    void send(const EncodedPacket& packet);
    void close(std::string_view reason);
    /// The connection's end was our doing: what the client had sent by then is ignored, not an error.
    void remove(const ConnectionImpl& connection);
    void connected() { connect_timer_.reset(); }

private:
    std::shared_ptr<ConnectionImpl> find(std::string_view nsp) const;
    void on_packet(Packet packet);
    void connect(Packet packet);

    Server::Impl& server_;
    std::shared_ptr<engineio::Session> session_;  ///< Until it is closed.
    Decoder decoder_;
    std::vector<std::shared_ptr<ConnectionImpl>> connections_;
    std::vector<const Namespace*> left_;          ///< Those we disconnected.
    std::unique_ptr<http::Timer> connect_timer_;  ///< Null once it is in a namespace.
};

}  // namespace warren::socketio
