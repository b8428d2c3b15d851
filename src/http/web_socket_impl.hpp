#pragma once
#include <memory>
#include <vector>

#include "http/frame.hpp"
#include "http/shard.hpp"
#include "http/web_socket.hpp"

namespace warren::http {

/// What WebSockets and HTTP connections tell the server: how many are open, and what went wrong.
class ConnectionCounter {
public:
    virtual void connection_closed(const asio::ip::address& remote) = 0;
    virtual void slow_consumer() = 0;

protected:
    ~ConnectionCounter() = default;
};

struct WebSocketLimits {
    std::size_t message_bytes_max;
    std::size_t queue_bytes_max;
};

/// @see WebSocket. Two ends: *told* (the listener knows that it is over and is forgotten) and *closed* (so is
/// the TCP connection); between them our Close frame leaves and the client's is awaited, for 2 s.
class WebSocketImpl final : public WebSocket,
                            public Flushable,
                            private FrameSink,
                            public std::enable_shared_from_this<WebSocketImpl> {
public:
    WebSocketImpl(Shard& shard, Socket socket, asio::ip::address remote, WebSocketLimits limits,
                  ConnectionCounter& counter);
    ~WebSocketImpl() override;

    /// Queues the handshake's answer, tells the listener, takes what was read behind the request.
    void start(std::string answer, std::shared_ptr<WebSocketListener> listener, std::string leftover);

    Shard& shard() override { return shard_; }
    void send(OutFrame frame) override;
    void close(std::uint16_t code, std::string_view reason) override;
    std::size_t queued_bytes() const override { return queued_bytes_; }
    void flush() override;

private:
    void on_frame_message(bool binary, std::string_view payload) override;
    void on_frame_ping(std::string_view payload) override;
    void on_frame_close(std::uint16_t code, std::string_view reason) override;
    bool wants_frames() const override { return !closed_ && !got_close_; }

    void push(OutFrame frame);
    void schedule_flush();
    void wait_readable();
    void wait_writable();
    void on_readable();
    void feed(std::span<char> bytes);
    bool write_once();
    void take_written(std::size_t bytes);
    void send_close(std::uint16_t code, std::string_view reason);
    void end_if_flushed();
    void tell(std::string_view reason);
    void end(std::string_view reason);

    // What `send` touches lies together, at the beginning.
    Shard& shard_;
    bool flush_scheduled_ = false, waiting_writable_ = false;
    bool overflowed_ = false, sent_close_ = false, got_close_ = false, closed_ = false;
    const std::size_t queue_bytes_max_;
    std::size_t queued_bytes_ = 0;
    std::vector<OutFrame> queue_;
    std::size_t queue_head_ = 0;  ///< Frames of `queue_` that have left.
    std::size_t head_sent_ = 0;   ///< Bytes of the next one that have left.
    Socket socket_;
    asio::ip::address remote_;
    ConnectionCounter& counter_;
    std::shared_ptr<WebSocketListener> listener_;
    FrameParser parser_;
    std::unique_ptr<Timer> close_timer_;  ///< Null until a Close frame was sent.
};

}  // namespace warren::http
