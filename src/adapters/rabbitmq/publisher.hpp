#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/rabbitmq/broker_thread.hpp"
#include "adapters/rabbitmq/pending_reply.hpp"

namespace warren::rabbitmq {

/// As many keys as one publish carries: its headers must fit into one frame of RabbitMQ's default size.
inline constexpr std::size_t kKeysMax = 4000;

/// One message for one partition.
struct Outgoing {
    std::shared_ptr<const std::string> body;
    std::vector<std::string> keys;  ///< Of this partition, at most kKeysMax; empty: to the control exchange.
    std::shared_ptr<PendingReply> reply;  ///< One part of it is this message's confirm. None for control.
};

/// The connection of one partition that publishes: any number of messages are under way at once, each is
/// answered when the broker confirms it, refuses it, is lost, or its deadline passes. `submit` is
/// thread-safe.
class Publisher final : public BrokerThread, private AmqpLink::Frames {
public:
    struct Limits {
        std::size_t bytes_max = 32u << 20;  ///< Of bodies that wait or are not confirmed yet.
        std::size_t count_max = 100'000;
    };
    Publisher(Options options, std::shared_ptr<BusState> state, std::string exchange,
              std::string control_exchange, Limits limits);
    ~Publisher() override;

    /// Takes the message, to answer it later. Else: @errors unavailable (no broker, or it takes nothing now),
    /// overloaded (a limit is reached)
    Result<void> submit(Outgoing message);

private:
    struct Unconfirmed {
        std::shared_ptr<PendingReply> reply;  ///< None once answered.
        std::size_t bytes = 0;
        bool is_settled = false;  ///< Confirmed out of order, before an older one.
    };

    Result<void> serve(AmqpLink& link) override;
    void on_lost(const Error& why) override;
    Result<void> on_frame(const amqp_frame_t& frame) override;

    Result<void> set_up(AmqpLink& link);
    bool is_drained(const AmqpLink& link);
    void send_waiting(AmqpLink& link);
    void send(AmqpLink& link, Outgoing message);
    Result<void> settle(std::uint64_t tag, bool multiple, bool ok);
    void settle_one(Unconfirmed& message, bool ok);
    void accept(bool yes);
    void fail_all(const Error& why);
    void expire();
    void release(std::size_t bytes, std::size_t count);

    const std::string exchange_;
    const std::string control_exchange_;
    const Limits limits_;

    std::mutex mutex_;
    std::deque<Outgoing> waiting_;
    bool accepting_ = false;
    std::size_t held_bytes_ = 0;
    std::size_t held_count_ = 0;

    // The thread's own.
    std::deque<Unconfirmed> unconfirmed_;  ///< By delivery tag, which RabbitMQ counts from 1.
    std::uint64_t first_tag_ = 1;
    bool is_blocked_ = false;
    std::chrono::steady_clock::time_point next_expiry_{};
};

}  // namespace warren::rabbitmq
