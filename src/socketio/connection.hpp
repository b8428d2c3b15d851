#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/prefetch.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "engineio/session.hpp"
#include "socketio/packet.hpp"

namespace warren::socketio {

class Connection;

/// Answers one event. Move-only; call it at most once, on the connection's shard (further calls and calls
/// after the connection has gone do nothing). Dropping it unanswered is allowed: the client waits.
class Ack {
public:
    Ack() = default;
    Ack(std::weak_ptr<Connection> connection, std::uint64_t id)
        : connection_(std::move(connection)), id_(id) {}
    Ack(Ack&& other) noexcept
        : connection_(std::move(other.connection_)), id_(std::exchange(other.id_, kNone)) {}
    Ack& operator=(Ack&& other) noexcept {
        connection_ = std::move(other.connection_);
        id_ = std::exchange(other.id_, kNone);
        return *this;
    }

    /// Whether the client asked for an answer and has none yet.
    explicit operator bool() const { return id_ != kNone; }
    void operator()(const json::array& args, Attachments attachments = {});
    /// The JSON of the arguments, comma separated, already serialized.
    void raw(std::string_view args_json, Attachments attachments = {});

private:
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};
    std::weak_ptr<Connection> connection_;
    std::uint64_t id_ = kNone;
};

/// One event from a client. Binary arguments are `{"_placeholder":true,"num":N}` in `args`, and the bytes
/// `attachments[N]`; giving both to `emit` or `ack` unchanged sends them back as they came.
struct Event {
    std::string name;
    json::array args;
    Ack ack;
    Attachments attachments;
    /// The packet's JSON array as it came, the event's name first: for values that must stay byte for byte.
    std::string raw_args;
};

/// What a client answered to an event of ours.
struct Answer {
    json::array args;
    Attachments attachments;
};

/// One client in one namespace. Lives on one shard; all calls on that shard only, from elsewhere by
/// `shard().post`. It may be held after it has gone: calls then do nothing.
class Connection {
public:
    /// Where what a `send` touches begins: the connection, and what is below it. Null: not there.
    struct Footprint {
        const void* connection = nullptr;
        const void* client = nullptr;
        const void* session = nullptr;
        const void* web_socket = nullptr;

        /// Who sends to many begins so for those to come. What has gone or changed meanwhile does no harm.
        [[gnu::always_inline]] void prefetch() const {
            warren::prefetch<128>(connection);
            warren::prefetch<64>(client);
            warren::prefetch<128>(session);
            warren::prefetch<128>(web_socket);
        }
    };

    virtual ~Connection() = default;
    virtual std::string_view id() const = 0;
    virtual http::Shard& shard() = 0;
    /// What the client said when it connected to the namespace: always an object, `{}` where it said nothing.
    virtual const json::value& auth() const = 0;
    /// Frees the auth data, once it is no longer needed.
    virtual void forget_auth() = 0;
    /// Whose request opened the session; unspecified once the connection has gone.
    virtual asio::ip::address remote() const = 0;
    /// The application's own state.
    virtual std::shared_ptr<void>& context() = 0;
    virtual bool is_connected() const = 0;

    void emit(std::string_view event, const json::array& args, Attachments attachments = {});
    /// Queues an encoded packet of this namespace: no copy, no allocation beyond the queue's slot.
    virtual void send(const EncodedPacket& packet) = 0;
    virtual Footprint footprint() const = 0;
    /// Emits and waits for the client's answer. @errors timed_out, unavailable (the connection has gone)
    virtual Task<Result<Answer>> emit_with_ack(std::string event, json::array args,
                                               std::chrono::milliseconds timeout) = 0;

    /// Socket.IO DISCONNECT of this namespace: a stock client stays away. `disconnected` is called before it
    /// returns. @see docs/protocol.md#closing
    virtual void disconnect() = 0;
    /// Closes the transport beneath (all namespaces of the session): a stock client comes back by itself.
    virtual void close_transport() = 0;
    /// Bytes queued to this client that have not left yet.
    virtual std::size_t queued_bytes() const = 0;

protected:
    friend class Ack;
    virtual std::string_view nsp() const = 0;
};

/// The answers to a connection attempt. @see docs/protocol.md#closing
struct Accept {
    std::shared_ptr<void> context = nullptr;
};
struct Refuse {  ///< CONNECT_ERROR: a stock client does not try again by itself.
    std::string message;
    json::value data = nullptr;
};
struct CloseTransport {};  ///< The client tries again by itself.
using Admission = std::variant<Accept, Refuse, CloseTransport>;

/// What a namespace does. Called on the connection's shard; must not block.
class Application {
public:
    virtual ~Application() = default;
    /// Decides on a connection, asynchronously. Packets that arrive meanwhile wait (bounded). An exception
    /// closes the transport.
    virtual Task<Admission> admit(std::shared_ptr<Connection> connection) = 0;
    /// CONNECT was queued: what is emitted from here on reaches the client after it.
    virtual void connected(std::shared_ptr<Connection>) {}
    /// In order of arrival.
    virtual void on_event(std::shared_ptr<Connection> connection, Event event) = 0;
    /// Exactly once for each that was passed to `connected`. `reason` is one of `client namespace
    /// disconnect`, `server namespace disconnect`, or one of engineio::SessionListener's.
    virtual void disconnected(std::shared_ptr<Connection> connection, std::string_view reason) = 0;
};

}  // namespace warren::socketio
