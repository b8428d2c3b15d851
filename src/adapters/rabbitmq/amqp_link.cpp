// The second phase of a link: frames written and read without blocking.
#include "adapters/rabbitmq/amqp_link.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "adapters/rabbitmq/amqp_error.hpp"

namespace warren::rabbitmq {
namespace {

// AMQP 0-9-1, 2.3.5: type, channel and size; then the payload; then one octet.
constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kEndBytes = 1;
constexpr char kFrameEnd = '\xce';
constexpr std::size_t kMethodIdBytes = 4;
// Three short strings and a few numbers: no method of ours is longer.
constexpr std::size_t kMethodBytesMax = 1024;
constexpr std::size_t kContentHeaderBytes = 12;
constexpr int kReadsMax = 8;

void put_big_endian(char* at, std::uint64_t number, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i)
        at[i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * (bytes - 1 - i))));
}

std::size_t checked(int encoded_bytes) {
    if (encoded_bytes < 0) throw std::logic_error("an AMQP frame of ours does not fit its buffer");
    return static_cast<std::size_t>(encoded_bytes);
}

}  // namespace

void AmqpLink::begin_frame(std::uint8_t type, amqp_channel_t channel, std::size_t payload_bytes_max) {
    frame_start_ = out_.size();
    out_.resize(frame_start_ + kHeaderBytes + payload_bytes_max);
    put_big_endian(out_.data() + frame_start_, type, 1);
    put_big_endian(out_.data() + frame_start_ + 1, channel, 2);
}

void AmqpLink::end_frame(std::size_t payload_bytes) {
    put_big_endian(out_.data() + frame_start_ + 3, payload_bytes, 4);
    out_.resize(frame_start_ + kHeaderBytes + payload_bytes);
    out_ += kFrameEnd;
}

void AmqpLink::send_method(amqp_channel_t channel, amqp_method_number_t id, void* fields) {
    begin_frame(AMQP_FRAME_METHOD, channel, kMethodIdBytes + kMethodBytesMax);
    auto* payload = out_.data() + frame_start_ + kHeaderBytes;
    put_big_endian(payload, id, kMethodIdBytes);
    const amqp_bytes_t room{kMethodBytesMax, payload + kMethodIdBytes};
    end_frame(kMethodIdBytes + checked(amqp_encode_method(id, fields, room)));
}

void AmqpLink::send_content_header(amqp_channel_t channel, const std::vector<std::string>& keys,
                                   std::size_t body_bytes) {
    std::vector<amqp_field_value_t> further(keys.size() - 1);
    for (std::size_t i = 0; i < further.size(); ++i) {
        further[i].kind = AMQP_FIELD_KIND_UTF8;
        further[i].value.bytes = bytes_of(keys[i + 1]);
    }
    amqp_table_entry_t copies{};
    copies.key = amqp_cstring_bytes("CC");
    copies.value.kind = AMQP_FIELD_KIND_ARRAY;
    copies.value.value.array = {static_cast<int>(further.size()), further.data()};
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_NONPERSISTENT;
    if (!further.empty()) {
        properties._flags |= AMQP_BASIC_HEADERS_FLAG;
        properties.headers = {1, &copies};
    }
    std::size_t room_bytes = 64;
    for (const auto& key : keys)
        room_bytes += 5 + key.size();
    begin_frame(AMQP_FRAME_HEADER, channel, kContentHeaderBytes + room_bytes);
    auto* payload = out_.data() + frame_start_ + kHeaderBytes;
    put_big_endian(payload, std::uint64_t{AMQP_BASIC_CLASS} << 16, 4);
    put_big_endian(payload + 4, body_bytes, 8);
    const amqp_bytes_t room{room_bytes, payload + kContentHeaderBytes};
    end_frame(kContentHeaderBytes + checked(amqp_encode_properties(AMQP_BASIC_CLASS, &properties, room)));
}

void AmqpLink::send_message(amqp_channel_t channel, const std::string& exchange,
                            const std::vector<std::string>& keys, std::string_view body) {
    amqp_basic_publish_t publish{};
    publish.exchange = bytes_of(exchange);
    publish.routing_key = bytes_of(keys.front());
    send_method(channel, AMQP_BASIC_PUBLISH_METHOD, &publish);
    send_content_header(channel, keys, body.size());
    const auto frame_max = static_cast<std::size_t>(amqp_get_frame_max(state_)) - kHeaderBytes - kEndBytes;
    for (std::size_t at = 0; at < body.size(); at += frame_max) {
        const auto part = body.substr(at, frame_max);
        begin_frame(AMQP_FRAME_BODY, channel, part.size());
        std::memcpy(out_.data() + frame_start_ + kHeaderBytes, part.data(), part.size());
        end_frame(part.size());
    }
}

std::size_t AmqpLink::keys_max() const {
    return (static_cast<std::size_t>(amqp_get_frame_max(state_)) - 256) / 31;
}

Result<void> AmqpLink::flush() {
    while (unsent() > 0) {
        const auto sent = ::send(fd_, out_.data() + out_sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            out_.erase(0, out_sent_);
            out_sent_ = 0;
            return {};
        }
        if (sent < 0) return to_error(AMQP_STATUS_SOCKET_ERROR, at_, "sending");
        out_sent_ += static_cast<std::size_t>(sent);
        last_sent_ = Clock::now();
    }
    out_.clear();
    out_sent_ = 0;
    return {};
}

Result<void> AmqpLink::hand_over(const amqp_frame_t& frame, Frames& frames) {
    last_read_ = Clock::now();
    if (frame.frame_type == AMQP_FRAME_METHOD) {
        const auto id = frame.payload.method.id;
        if (id == AMQP_CONNECTION_CLOSE_METHOD || id == AMQP_CHANNEL_CLOSE_METHOD)
            return to_error(frame.payload.method, at_, "the connection");
    }
    if (frame.frame_type == AMQP_FRAME_HEARTBEAT) return {};
    return frames.on_frame(frame);
}

Result<void> AmqpLink::drain_library(Frames& frames) {
    const timeval at_once{};
    while (amqp_frames_enqueued(state_) || amqp_data_in_buffer(state_)) {
        amqp_frame_t frame;
        const int status = amqp_simple_wait_frame_noblock(state_, &frame, &at_once);
        if (status == AMQP_STATUS_TIMEOUT) break;
        if (status != AMQP_STATUS_OK) return to_error(status, at_, "reading");
        WARREN_TRY_VOID(hand_over(frame, frames));
        amqp_maybe_release_buffers(state_);
    }
    return {};
}

Result<void> AmqpLink::feed(char* bytes, std::size_t size, Frames& frames) {
    amqp_bytes_t rest{size, bytes};
    while (rest.len > 0) {
        amqp_frame_t frame;
        const int taken = amqp_handle_input(state_, rest, &frame);
        if (taken < 0) return to_error(taken, at_, "reading");
        rest.bytes = static_cast<char*>(rest.bytes) + taken;
        rest.len -= static_cast<std::size_t>(taken);
        if (frame.frame_type == 0) continue;
        WARREN_TRY_VOID(hand_over(frame, frames));
        amqp_maybe_release_buffers(state_);
    }
    return {};
}

Result<void> AmqpLink::read(Frames& frames) {
    for (int i = 0; i < kReadsMax; ++i) {
        const auto got = ::recv(fd_, in_.data(), in_.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
        if (got < 0) return to_error(AMQP_STATUS_SOCKET_ERROR, at_, "reading");
        if (got == 0) return to_error(AMQP_STATUS_CONNECTION_CLOSED, at_, "reading");
        last_read_ = Clock::now();
        WARREN_TRY_VOID(feed(in_.data(), static_cast<std::size_t>(got), frames));
        if (static_cast<std::size_t>(got) < in_.size()) return {};
    }
    return {};
}

std::chrono::milliseconds AmqpLink::until_keep_alive(Clock::time_point now) const {
    if (heartbeat_.count() == 0) return std::chrono::hours(1);
    const auto next = std::min(last_sent_ + heartbeat_ / 2, last_read_ + 2 * heartbeat_);
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(next - now), std::chrono::milliseconds(0));
}

Result<void> AmqpLink::keep_alive() {
    const auto now = Clock::now();
    if (until_keep_alive(now).count() > 0) return {};
    if (now >= last_read_ + 2 * heartbeat_)
        return to_error(AMQP_STATUS_HEARTBEAT_TIMEOUT, at_, "the connection");
    // With bytes waiting, a heartbeat behind them would say no more than they do.
    if (unsent() == 0) {
        begin_frame(AMQP_FRAME_HEARTBEAT, 0, 0);
        end_frame(0);
    }
    last_sent_ = now;
    return flush();
}

Result<void> AmqpLink::pump(std::chrono::milliseconds wait, Wake& wake, Frames& frames) {
    WARREN_TRY_VOID(drain_library(frames));
    WARREN_TRY_VOID(flush());
    const short wanted = static_cast<short>(POLLIN | (unsent() > 0 ? POLLOUT : 0));
    pollfd waiting[] = {{fd_, wanted, 0}, {wake.fd(), POLLIN, 0}};
    const auto limit = std::min(wait, until_keep_alive(Clock::now()));
    if (::poll(waiting, 2, static_cast<int>(limit.count())) < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "poll");
    if (waiting[1].revents != 0) wake.clear();
    if ((waiting[0].revents & ~POLLOUT) != 0) WARREN_TRY_VOID(read(frames));
    WARREN_TRY_VOID(flush());
    return keep_alive();
}

}  // namespace warren::rabbitmq
