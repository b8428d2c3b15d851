#pragma once
#include <amqp.h>
#include <amqp_framing.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/rabbitmq/broker_address.hpp"
#include "adapters/rabbitmq/wake.hpp"

namespace warren::rabbitmq {

/// One AMQP connection, used by one thread. It has two phases: first the calls that wait for their replies
/// (sign in, declare), made with rabbitmq-c's blocking functions and bounded by the time-out; then `pump`,
/// which never blocks on the socket: frames are encoded and decoded by rabbitmq-c, but written and read here,
/// because its own writes block for as long as a broker does not read. Heartbeats are kept here in that
/// phase. @see docs/decisions/0010
class AmqpLink {
public:
    struct Options {
        std::string client_name;                  ///< Shown in the broker's list of connections.
        std::chrono::milliseconds timeout{3000};  ///< Of connecting, of signing in and of each further call.
        std::chrono::seconds heartbeat{10};       ///< A broker silent for twice as long is lost.
    };
    /// What `pump` hands the frames to, but for connection.close and channel.close, which end it.
    class Frames {
    public:
        virtual ~Frames() = default;
        virtual Result<void> on_frame(const amqp_frame_t& frame) = 0;
    };

    /// Connects and signs in. @errors as to_error
    static Result<std::unique_ptr<AmqpLink>> open(const BrokerAddress& at, const Options& options);
    /// Cuts the connection, where `close` has not ended it.
    ~AmqpLink();
    AmqpLink(const AmqpLink&) = delete;
    AmqpLink& operator=(const AmqpLink&) = delete;

    const BrokerAddress& address() const { return at_; }

    // The first phase: each waits for the broker's answer. @errors as to_error
    Result<void> open_channel(amqp_channel_t channel);
    Result<void> declare_exchange(amqp_channel_t channel, const std::string& name, const char* type);
    /// A queue of this connection's own; its name.
    Result<std::string> declare_own_queue(amqp_channel_t channel, std::size_t bytes_max);
    Result<void> bind_queue(amqp_channel_t channel, const std::string& queue, const std::string& exchange);
    Result<void> limit_unacknowledged(amqp_channel_t channel, std::uint16_t prefetch);
    Result<void> consume(amqp_channel_t channel, const std::string& queue);
    Result<void> select_confirms(amqp_channel_t channel);

    // The second phase.
    /// Queues a method without content.
    void send_method(amqp_channel_t channel, amqp_method_number_t id, void* fields);
    /// Queues a transient message for every key in `keys` (at least one, at most `keys_max()`).
    void send_message(amqp_channel_t channel, const std::string& exchange,
                      const std::vector<std::string>& keys, std::string_view body);
    /// Queues the content of a publish made by `send_method`: nothing.
    void send_empty_content(amqp_channel_t channel) { send_content_header(channel, {std::string()}, 0); }
    /// As many keys of 26 bytes as fit into the one frame that holds a message's headers.
    std::size_t keys_max() const;
    /// Bytes queued that the socket has not taken yet.
    std::size_t unsent() const { return out_.size() - out_sent_; }
    /// Writes what the socket takes and hands over what it has; where neither is possible, waits for it, for
    /// a signal of `wake` or until `wait` is over. @errors as to_error: the connection is lost
    Result<void> pump(std::chrono::milliseconds wait, Wake& wake, Frames& frames);
    /// Ends in good order, waiting for the broker's word that it has everything. Only with nothing unsent.
    void close();

private:
    using Clock = std::chrono::steady_clock;

    AmqpLink(BrokerAddress at, const Options& options);
    Result<void> connect();
    Result<void> sign_in(const Options& options);
    Result<void> reply_of(std::string_view doing);
    void begin_frame(std::uint8_t type, amqp_channel_t channel, std::size_t payload_bytes_max);
    void end_frame(std::size_t payload_bytes);
    void send_content_header(amqp_channel_t channel, const std::vector<std::string>& keys,
                             std::size_t body_bytes);
    Result<void> hand_over(const amqp_frame_t& frame, Frames& frames);
    Result<void> drain_library(Frames& frames);
    Result<void> flush();
    Result<void> read(Frames& frames);
    Result<void> feed(char* bytes, std::size_t size, Frames& frames);
    Result<void> keep_alive();
    std::chrono::milliseconds until_keep_alive(Clock::time_point now) const;

    BrokerAddress at_;
    timeval timeout_{};
    amqp_connection_state_t state_ = nullptr;
    int fd_ = -1;
    std::chrono::milliseconds heartbeat_{0};
    std::string out_;
    std::size_t out_sent_ = 0;
    std::size_t frame_start_ = 0;
    std::vector<char> in_;
    Clock::time_point last_sent_ = Clock::now();
    Clock::time_point last_read_ = Clock::now();
};

/// rabbitmq-c's view of `text`, which must outlive it.
inline amqp_bytes_t bytes_of(std::string_view text) {
    return {text.size(), const_cast<char*>(text.data())};
}

}  // namespace warren::rabbitmq
