#include "adapters/rabbitmq/publisher.hpp"

#include "adapters/rabbitmq/amqp_error.hpp"

namespace warren::rabbitmq {
namespace {

constexpr amqp_channel_t kConfirmed = 1;
constexpr amqp_channel_t kUnconfirmed = 2;
// Enough to fill a socket's buffer, little enough to notice a lost connection soon.
constexpr std::size_t kUnsentMax = 256 * 1024;
// How late a passed deadline is noticed, at most.
constexpr std::chrono::milliseconds kExpiryPeriod{20};
constexpr std::chrono::milliseconds kIdleWait{1000};

}  // namespace

Publisher::Publisher(Options options, std::shared_ptr<BusState> state, std::string exchange,
                     std::string control_exchange, Limits limits)
    : BrokerThread(std::move(options), std::move(state)),
      exchange_(std::move(exchange)),
      control_exchange_(std::move(control_exchange)),
      limits_(limits) {}

Publisher::~Publisher() {
    join();
}

Result<void> Publisher::submit(Outgoing message) {
    const std::lock_guard lock(mutex_);
    if (!accepting_) return Error(Errc::unavailable, "RabbitMQ takes no messages now.");
    const auto bytes = message.body->size();
    if (held_count_ >= limits_.count_max || held_bytes_ + bytes > limits_.bytes_max)
        return Error(Errc::overloaded, "Too many messages wait for RabbitMQ.");
    held_bytes_ += bytes;
    ++held_count_;
    // Whoever finds messages waiting has been signalled already, or is looking.
    if (waiting_.empty()) wake()->signal();
    waiting_.push_back(std::move(message));
    return {};
}

void Publisher::accept(bool yes) {
    const std::lock_guard lock(mutex_);
    accepting_ = yes;
}

void Publisher::release(std::size_t bytes, std::size_t count) {
    const std::lock_guard lock(mutex_);
    held_bytes_ -= bytes;
    held_count_ -= count;
}

Result<void> Publisher::set_up(AmqpLink& link) {
    first_tag_ = 1;
    is_blocked_ = false;
    WARREN_TRY_VOID(link.open_channel(kConfirmed));
    WARREN_TRY_VOID(link.open_channel(kUnconfirmed));
    WARREN_TRY_VOID(link.declare_exchange(kConfirmed, exchange_, "direct"));
    if (!control_exchange_.empty())
        WARREN_TRY_VOID(link.declare_exchange(kConfirmed, control_exchange_, "fanout"));
    if (link.keys_max() < kKeysMax)
        return Error(Errc::conflict,
                     "RabbitMQ at " + link.address().name() +
                         " allows too small frames: set frame_max to 131072, its default, or more.");
    return link.select_confirms(kConfirmed);
}

bool Publisher::is_drained(const AmqpLink& link) {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && unconfirmed_.empty() && link.unsent() == 0;
}

Result<void> Publisher::serve(AmqpLink& link) {
    WARREN_TRY_VOID(set_up(link));
    accept(true);
    mark_up();
    auto drained_by = std::chrono::steady_clock::time_point::max();
    while (true) {
        if (stopping() && drained_by == std::chrono::steady_clock::time_point::max()) {
            accept(false);
            drained_by = std::chrono::steady_clock::now() + kDrainTime;
        }
        if (stopping() && is_drained(link)) break;
        if (std::chrono::steady_clock::now() >= drained_by) return {};
        if (!is_blocked_) send_waiting(link);
        const bool idle = unconfirmed_.empty() && !stopping();
        WARREN_TRY_VOID(link.pump(idle ? kIdleWait : kExpiryPeriod, *wake(), *this));
        expire();
    }
    link.close();
    return {};
}

void Publisher::send_waiting(AmqpLink& link) {
    while (link.unsent() < kUnsentMax) {
        Outgoing message;
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.empty()) return;
            message = std::move(waiting_.front());
            waiting_.pop_front();
        }
        send(link, std::move(message));
    }
}

void Publisher::send(AmqpLink& link, Outgoing message) {
    const auto bytes = message.body->size();
    if (message.keys.empty()) {
        link.send_message(kUnconfirmed, control_exchange_, {std::string()}, *message.body);
        release(bytes, 1);
    } else {
        link.send_message(kConfirmed, exchange_, message.keys, *message.body);
        unconfirmed_.push_back({std::move(message.reply), bytes, false});
    }
    state().published.Increment();
}

void Publisher::settle_one(Unconfirmed& message, bool ok) {
    message.is_settled = true;
    (ok ? state().confirmed : state().refused).Increment();
    if (!message.reply) return;
    message.reply->done(ok ? Result<void>() : Error(Errc::unavailable, "RabbitMQ refused a message."));
    message.reply.reset();
}

Result<void> Publisher::settle(std::uint64_t tag, bool multiple, bool ok) {
    const auto known = unconfirmed_.size();
    if (tag == 0) tag = first_tag_ + known - 1;                    // AMQP 0-9-1, basic.ack: zero means all.
    if (tag < first_tag_ || tag - first_tag_ >= known) return {};  // An answer to one that was given up.
    const auto index = static_cast<std::size_t>(tag - first_tag_);
    for (std::size_t i = multiple ? 0 : index; i <= index; ++i)
        if (!unconfirmed_[i].is_settled) settle_one(unconfirmed_[i], ok);
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (; !unconfirmed_.empty() && unconfirmed_.front().is_settled; ++count) {
        bytes += unconfirmed_.front().bytes;
        unconfirmed_.pop_front();
    }
    first_tag_ += count;
    release(bytes, count);
    return {};
}

Result<void> Publisher::on_frame(const amqp_frame_t& frame) {
    if (frame.frame_type != AMQP_FRAME_METHOD) return {};
    const auto& method = frame.payload.method;
    if (method.id == AMQP_BASIC_ACK_METHOD) {
        const auto* ack = static_cast<const amqp_basic_ack_t*>(method.decoded);
        return settle(ack->delivery_tag, ack->multiple != 0, true);
    }
    if (method.id == AMQP_BASIC_NACK_METHOD) {
        const auto* nack = static_cast<const amqp_basic_nack_t*>(method.decoded);
        return settle(nack->delivery_tag, nack->multiple != 0, false);
    }
    if (method.id == AMQP_CONNECTION_BLOCKED_METHOD) {
        // The connection stays: another would be blocked at its first publish, and the bus would flap.
        is_blocked_ = true;
        const Error why(Errc::unavailable,
                        "RabbitMQ takes no messages: it is short of memory or disk space.");
        mark_down(why);
        fail_all(why);
    }
    if (method.id == AMQP_CONNECTION_UNBLOCKED_METHOD && is_blocked_) {
        is_blocked_ = false;
        accept(true);
        mark_up();
    }
    return {};
}

void Publisher::fail_all(const Error& why) {
    std::deque<Outgoing> failed;
    {
        const std::lock_guard lock(mutex_);
        accepting_ = false;
        failed.swap(waiting_);
        for (const auto& message : failed)
            held_bytes_ -= message.body->size();
        held_count_ -= failed.size();
    }
    for (const auto& message : failed)
        if (message.reply) message.reply->done(why);
    for (auto& message : unconfirmed_) {
        if (message.reply) message.reply->done(why);
        message.reply.reset();
    }
}

void Publisher::on_lost(const Error& why) {
    fail_all(Error(Errc::unavailable, why.message));
    std::size_t bytes = 0;
    for (const auto& message : unconfirmed_)
        bytes += message.bytes;
    release(bytes, unconfirmed_.size());
    state().refused.Increment(static_cast<double>(unconfirmed_.size()));
    unconfirmed_.clear();
}

void Publisher::expire() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_expiry_) return;
    next_expiry_ = now + kExpiryPeriod;
    for (auto& message : unconfirmed_) {
        if (!message.reply || !message.reply->deadline().passed(now)) continue;
        message.reply->done(Error(Errc::timed_out, "RabbitMQ has not confirmed a message in time."));
        message.reply.reset();
    }
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](Outgoing& message) {
        if (!message.reply || !message.reply->deadline().passed(now)) return false;
        message.reply->done(Error(Errc::timed_out, "RabbitMQ has not taken a message in time."));
        held_bytes_ -= message.body->size();
        --held_count_;
        return true;
    });
}

}  // namespace warren::rabbitmq
