#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "adapters/rabbitmq/bindings.hpp"
#include "adapters/rabbitmq/broker_thread.hpp"

namespace warren::rabbitmq {

/// The connection of one partition that owns the node's queue: declares it, binds what is wanted, and
/// consumes. A message is acknowledged once the listener has handled it, so a listener that stands still
/// leaves its messages in the queue, where the broker bounds them. `bind`, `unbind` and `barrier` are
/// thread-safe.
class Consumer final : public BrokerThread, private AmqpLink::Frames {
public:
    struct Limits {
        std::size_t queue_bytes_max = 64u << 20;
        std::uint16_t prefetch = 1000;
    };
    /// An empty `control_exchange`: none is bound.
    Consumer(Options options, std::shared_ptr<BusState> state, std::string exchange,
             std::string control_exchange, Limits limits);
    ~Consumer() override;

    void bind(std::string key);
    void unbind(std::string key);
    /// One part of `reply` is done once every bind before it stands. @errors unavailable, timed_out
    void barrier(std::shared_ptr<PendingReply> reply);

private:
    /// The delivery tag up to which the listener has handled this link's messages.
    using Handled = std::shared_ptr<std::atomic<std::uint64_t>>;
    struct Delivery {
        std::uint64_t tag = 0;
        std::size_t size = 0;
        std::string body;
        bool expects_body = false;
    };

    Result<void> serve(AmqpLink& link) override;
    void on_lost(const Error& why) override;
    Result<void> on_frame(const amqp_frame_t& frame) override;

    Result<void> set_up(AmqpLink& link);
    void take_steps(AmqpLink& link);
    void take_step(AmqpLink& link, Bindings::Bind step);
    void take_step(AmqpLink& link, Bindings::Unbind step);
    void take_step(AmqpLink& link, Bindings::Barrier step);
    void acknowledge(AmqpLink& link);
    Result<void> on_method(const amqp_method_t& method);
    void on_barrier(const amqp_queue_declare_ok_t& queue);
    void on_body();
    void hand_over();
    void expire();

    const std::string exchange_;
    const std::string control_exchange_;
    const Limits limits_;
    Bindings bindings_;

    // The thread's own.
    std::string queue_;
    std::deque<std::shared_ptr<PendingReply>> barriers_;  ///< Sent, by the order of their replies.
    Delivery delivery_;
    std::vector<Body> received_;
    std::uint64_t received_tag_ = 0;
    std::uint64_t handed_over_tag_ = 0;
    std::uint64_t acknowledged_tag_ = 0;
    Handled handled_;
};

}  // namespace warren::rabbitmq
