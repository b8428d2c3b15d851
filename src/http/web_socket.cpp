#include <limits.h>
#include <sys/uio.h>

#include <exception>

#include "base/log.hpp"
#include "http/socket_io.hpp"
#include "http/web_socket_impl.hpp"

namespace warren::http {
namespace {

constexpr std::chrono::milliseconds kCloseWait{2000};
constexpr std::size_t kKeepSlots = 16;  ///< An emptied queue with more room than this gives it back.
constexpr int kReadsPerTurn = 4;        ///< Then the other connections of the shard have their turn.

}  // namespace

WebSocketImpl::WebSocketImpl(Shard& shard, Socket socket, asio::ip::address remote, WebSocketLimits limits,
                             ConnectionCounter& counter)
    : shard_(shard),
      queue_bytes_max_(limits.queue_bytes_max),
      socket_(std::move(socket)),
      remote_(remote),
      counter_(counter),
      parser_(limits.message_bytes_max) {}

WebSocketImpl::~WebSocketImpl() {
    if (!closed_) counter_.connection_closed(remote_);
}

void WebSocketImpl::start(std::string answer, std::shared_ptr<WebSocketListener> listener,
                          std::string leftover) {
    listener_ = std::move(listener);
    auto first = std::make_shared<Frame>();
    first->bytes = std::move(answer);
    push(std::move(first));
    const auto self = shared_from_this();
    const auto keep = listener_;
    keep->opened(self);
    if (!leftover.empty()) feed(leftover);
    if (!closed_) wait_readable();
}

void WebSocketImpl::send(OutFrame frame) {
    if (sent_close_ || got_close_ || closed_ || overflowed_) return;
    // Told at the end of the turn: the caller may be in the middle of a walk over its connections.
    overflowed_ = queued_bytes_ + frame->bytes.size() > queue_bytes_max_;
    if (overflowed_) {
        schedule_flush();
    } else {
        push(std::move(frame));
    }
}

void WebSocketImpl::push(OutFrame frame) {
    queued_bytes_ += frame->bytes.size();
    queue_.push_back(std::move(frame));
    if (!waiting_writable_) schedule_flush();
}

void WebSocketImpl::schedule_flush() {
    if (!std::exchange(flush_scheduled_, true)) shard_.flush_soon(shared_from_this());
}

void WebSocketImpl::flush() {
    flush_scheduled_ = false;
    if (closed_) return;
    if (overflowed_) {
        counter_.slow_consumer();
        end("slow consumer");
        return;
    }
    if (waiting_writable_) return;
    while (queued_bytes_ > 0) {
        if (!write_once()) return;
    }
    end_if_flushed();
}

bool WebSocketImpl::write_once() {
    iovec parts[IOV_MAX];
    std::size_t count = 0;
    for (auto i = queue_head_; i < queue_.size() && count < IOV_MAX; ++i) {
        const auto skip = i == queue_head_ ? head_sent_ : 0;
        const auto& bytes = queue_[i]->bytes;
        // sendmsg does not write through it; its interface is older than const.
        parts[count++] = {const_cast<char*>(bytes.data()) + skip, bytes.size() - skip};
    }
    const auto result = write_now(socket_.native_handle(), parts, count);
    if (result.state == IoResult::State::done) {
        take_written(result.bytes);
        return true;
    }
    if (result.state == IoResult::State::would_block) {
        wait_writable();
    } else {
        end("error");
    }
    return false;
}

void WebSocketImpl::take_written(std::size_t bytes) {
    queued_bytes_ -= bytes;
    bytes += head_sent_;
    while (queue_head_ < queue_.size() && bytes >= queue_[queue_head_]->bytes.size()) {
        bytes -= queue_[queue_head_]->bytes.size();
        queue_[queue_head_++].reset();
    }
    head_sent_ = bytes;
    if (queue_head_ == queue_.size()) {
        queue_.clear();
        queue_head_ = 0;
        if (queue_.capacity() > kKeepSlots) std::vector<OutFrame>().swap(queue_);
    } else if (queue_head_ > 1024) {
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_head_));
        queue_head_ = 0;
    }
}

void WebSocketImpl::wait_writable() {
    waiting_writable_ = true;
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](boost::system::error_code ec) {
        self->waiting_writable_ = false;
        if (ec || self->closed_) return;
        self->flush();
    });
}

void WebSocketImpl::wait_readable() {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](boost::system::error_code ec) {
        if (ec || self->closed_) return;
        self->on_readable();
    });
}

void WebSocketImpl::on_readable() {
    const auto buffer = shard_.read_buffer();
    for (int i = 0; i < kReadsPerTurn; ++i) {
        const auto result = read_now(socket_.native_handle(), buffer.data(), buffer.size());
        if (result.state == IoResult::State::would_block) break;
        if (result.state != IoResult::State::done) {
            end(result.state == IoResult::State::ended || got_close_ || sent_close_ ? "closed" : "error");
            return;
        }
        feed(buffer.first(result.bytes));
        if (closed_) return;
        if (result.bytes < buffer.size()) break;
    }
    wait_readable();
}

void WebSocketImpl::feed(std::span<char> bytes) {
    if (!wants_frames()) return;
    std::uint16_t code = 0;
    try {
        code = parser_.feed(bytes, *this);
    } catch (const std::exception& e) {
        log::error("websocket_listener_failed", {{"error", e.what()}});
        code = close_code::kInternal;
    }
    if (code == 0 || closed_) return;
    got_close_ = true;  // What follows a violation is not read.
    send_close(code, {});
    tell(code == close_code::kTooLarge   ? "too large"
         : code == close_code::kInternal ? "error"
                                         : "protocol error");
}

void WebSocketImpl::on_frame_message(bool binary, std::string_view payload) {
    if (sent_close_ || overflowed_) return;
    if (const auto listener = listener_) listener->on_message(*this, binary, payload);
}

void WebSocketImpl::on_frame_ping(std::string_view payload) {
    send(std::make_shared<const Frame>(make_frame(Opcode::pong, payload)));
}

void WebSocketImpl::on_frame_close(std::uint16_t code, std::string_view) {
    got_close_ = true;
    send_close(code == 1005 ? close_code::kNormal : code, {});
    schedule_flush();  // Ours may have left long ago; then this ends the connection.
    tell("closed");
}

void WebSocketImpl::close(std::uint16_t code, std::string_view reason) {
    send_close(code, reason);
}

void WebSocketImpl::send_close(std::uint16_t code, std::string_view reason) {
    if (sent_close_ || closed_) return;
    sent_close_ = true;
    push(std::make_shared<const Frame>(close_frame(code, reason)));
    close_timer_ = std::make_unique<Timer>(
        [](void* waiting) { static_cast<WebSocketImpl*>(waiting)->end("closed"); }, this);
    shard_.arm(*close_timer_, kCloseWait);
}

void WebSocketImpl::end_if_flushed() {
    // The server closes TCP first, once both Close frames have passed (RFC 6455 7.1.1).
    if (!sent_close_ || !got_close_ || closed_) return;
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
}

void WebSocketImpl::tell(std::string_view reason) {
    if (const auto listener = std::exchange(listener_, nullptr)) listener->on_closed(*this, reason);
}

void WebSocketImpl::end(std::string_view reason) {
    if (std::exchange(closed_, true)) return;
    const auto self = shared_from_this();
    close_timer_.reset();
    boost::system::error_code ignored;
    socket_.close(ignored);
    std::vector<OutFrame>().swap(queue_);
    queued_bytes_ = 0;
    queue_head_ = 0;
    counter_.connection_closed(remote_);
    tell(reason);
}

}  // namespace warren::http
