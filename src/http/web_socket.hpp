#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/shard.hpp"

namespace warren::http {

/// One WebSocket frame as it goes over the wire, header included; servers do not mask, so the same bytes fit
/// every connection. Immutable.
struct Frame {
    std::string bytes;
    std::uint8_t header_bytes = 0;
    bool binary = false;

    std::string_view payload() const { return std::string_view(bytes).substr(header_bytes); }
};
/// A frame shared by every queue it stands in. Thread-safe.
using OutFrame = std::shared_ptr<const Frame>;

/// The frame of the three, one after the other. @see RFC 6455 5.2
Frame text_frame(std::string_view head, std::string_view middle = {}, std::string_view tail = {});
Frame binary_frame(std::string_view payload);

class WebSocket;

/// Receives what arrives on a WebSocket. Called on its shard.
class WebSocketListener {
public:
    virtual ~WebSocketListener() = default;
    /// The handshake's answer is queued; `socket` may send from here on.
    virtual void opened(std::shared_ptr<WebSocket> socket) = 0;
    /// A whole message; text is valid UTF-8. `payload` is valid during the call.
    virtual void on_message(WebSocket& socket, bool binary, std::string_view payload) = 0;
    /// Exactly once after `opened`, nothing after it. `reason` is one of `closed`, `error`, `slow consumer`,
    /// `protocol error`, `too large`.
    virtual void on_closed(WebSocket& socket, std::string_view reason) = 0;
};

/// An open WebSocket on one shard: our own reader and writer (RFC 6455) on a socket whose handshake Beast
/// parsed. Idle, it holds no buffer. Output is queued by reference and leaves in one gather write a turn.
/// Not thread-safe: its shard only.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    virtual Shard& shard() = 0;
    /// Queues a frame. Beyond the queue's byte limit the connection is closed ("slow consumer"). Ignored once
    /// closing.
    virtual void send(OutFrame frame) = 0;
    /// Sends what is queued and a Close frame, and waits a moment for the other's. `on_closed` follows.
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    virtual std::size_t queued_bytes() const = 0;
};

}  // namespace warren::http
