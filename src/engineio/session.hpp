#pragma once
#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "http/shard.hpp"
#include "http/web_socket.hpp"

namespace warren::engineio {

enum class Transport { polling, websocket };

class Session;

/// Receives what arrives on a session. Called on its shard.
class SessionListener {
public:
    virtual ~SessionListener() = default;
    /// A whole message. `data` is valid during the call.
    virtual void on_message(Session& session, bool binary, std::string_view data) = 0;
    /// Exactly once; nothing after it. `reason` is one of `transport close`, `transport error`,
    /// `ping timeout`, `parse error`, `slow consumer`, `forced close`, `server shutting down`.
    virtual void on_closed(Session& session, std::string_view reason) = 0;
};

/// An ordered, reliable stream of messages between a client and us, whatever the transport beneath, and
/// while that changes. Lives on one shard; all calls on that shard only. @see Engine.IO v4
class Session {
public:
    virtual ~Session() = default;
    virtual std::string sid() const = 0;
    virtual http::Shard& shard() = 0;
    /// Whose request opened it.
    virtual const asio::ip::address& remote() const = 0;
    virtual Transport transport() const = 0;
    virtual bool is_open() const = 0;

    /// Queues a message packet: a text frame must begin with '4', a binary frame is the bytes alone. Beyond
    /// the queue's byte limit the session ends ("slow consumer"). Ignored once closed.
    virtual void send(http::OutFrame frame) = 0;
    /// Where frames are queued; null while the transport is polling.
    virtual const http::WebSocket* web_socket() const = 0;
    void send_text(std::string_view text);
    void send_binary(std::string_view bytes);
    /// Bytes accepted by `send` that the kernel or a poll has not taken yet.
    virtual std::size_t queued_bytes() const = 0;

    /// Ends the session after what is queued was sent. A stock client comes back by itself. `on_closed` is
    /// called before this returns.
    virtual void close(std::string_view reason = "forced close") = 0;
};

}  // namespace warren::engineio
