#include "adapters/rabbitmq/consumer.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace warren::rabbitmq {
namespace {

// Two AMQP channels: the broker works through one channel's methods one by one, and thousands of binds must
// not keep it from taking acknowledgements.
constexpr amqp_channel_t kDeliveries = 1;
constexpr amqp_channel_t kBindings = 2;
constexpr std::size_t kUnsentMax = 64 * 1024;
constexpr std::chrono::milliseconds kBarrierWait{20};
constexpr std::chrono::milliseconds kIdleWait{1000};

std::string_view view_of(amqp_bytes_t bytes) {
    return {static_cast<const char*>(bytes.bytes), bytes.len};
}

}  // namespace

Consumer::Consumer(Options options, std::shared_ptr<BusState> state, std::string exchange,
                   std::string control_exchange, Limits limits)
    : BrokerThread(std::move(options), std::move(state)),
      exchange_(std::move(exchange)),
      control_exchange_(std::move(control_exchange)),
      limits_(limits) {}

Consumer::~Consumer() {
    join();
}

void Consumer::bind(std::string key) {
    if (bindings_.bind(std::move(key))) wake()->signal();
}

void Consumer::unbind(std::string key) {
    if (bindings_.unbind(std::move(key))) wake()->signal();
}

void Consumer::barrier(std::shared_ptr<PendingReply> reply) {
    if (bindings_.add_barrier(std::move(reply))) wake()->signal();
}

Result<void> Consumer::set_up(AmqpLink& link) {
    WARREN_TRY_VOID(link.open_channel(kDeliveries));
    WARREN_TRY_VOID(link.open_channel(kBindings));
    WARREN_TRY_VOID(link.declare_exchange(kDeliveries, exchange_, "direct"));
    WARREN_TRY(queue, link.declare_own_queue(kDeliveries, limits_.queue_bytes_max));
    queue_ = std::move(queue);
    if (!control_exchange_.empty()) {
        WARREN_TRY_VOID(link.declare_exchange(kDeliveries, control_exchange_, "fanout"));
        WARREN_TRY_VOID(link.bind_queue(kDeliveries, queue_, control_exchange_));
    }
    WARREN_TRY_VOID(link.limit_unacknowledged(kDeliveries, limits_.prefetch));
    delivery_ = {};
    received_.clear();
    received_tag_ = handed_over_tag_ = acknowledged_tag_ = 0;
    handled_ = std::make_shared<std::atomic<std::uint64_t>>(0);
    return link.consume(kDeliveries, queue_);
}

Result<void> Consumer::serve(AmqpLink& link) {
    WARREN_TRY_VOID(set_up(link));
    bindings_.restart(Error(Errc::unavailable, "Bindings at RabbitMQ are being made."));
    while (!stopping()) {
        take_steps(link);
        acknowledge(link);
        WARREN_TRY_VOID(link.pump(barriers_.empty() ? kIdleWait : kBarrierWait, *wake(), *this));
        hand_over();
        expire();
    }
    if (link.unsent() == 0) link.close();
    return {};
}

void Consumer::on_lost(const Error& why) {
    for (const auto& barrier : barriers_)
        if (barrier) barrier->done(Error(Errc::unavailable, why.message));
    barriers_.clear();
    bindings_.restart(Error(Errc::unavailable, why.message));
}

void Consumer::take_steps(AmqpLink& link) {
    while (link.unsent() < kUnsentMax) {
        auto step = bindings_.next();
        if (!step) return;
        std::visit([&](auto& one) { take_step(link, std::move(one)); }, *step);
    }
}

void Consumer::take_step(AmqpLink& link, Bindings::Bind step) {
    amqp_queue_bind_t bind{};
    bind.queue = bytes_of(queue_);
    bind.exchange = bytes_of(exchange_);
    bind.routing_key = bytes_of(step.key);
    bind.nowait = 1;
    link.send_method(kBindings, AMQP_QUEUE_BIND_METHOD, &bind);
}

void Consumer::take_step(AmqpLink& link, Bindings::Unbind step) {
    // AMQP 0-9-1 has no `nowait` here: the answers come and are ignored.
    amqp_queue_unbind_t unbind{};
    unbind.queue = bytes_of(queue_);
    unbind.exchange = bytes_of(exchange_);
    unbind.routing_key = bytes_of(step.key);
    link.send_method(kBindings, AMQP_QUEUE_UNBIND_METHOD, &unbind);
}

void Consumer::take_step(AmqpLink& link, Bindings::Barrier step) {
    // Any call with an answer would do; this one proves that the queue is there and tells how full it is.
    amqp_queue_declare_t declare{};
    declare.queue = bytes_of(queue_);
    declare.passive = 1;
    link.send_method(kBindings, AMQP_QUEUE_DECLARE_METHOD, &declare);
    barriers_.push_back(std::move(step.reply));
}

void Consumer::acknowledge(AmqpLink& link) {
    const auto handled = handled_->load(std::memory_order_acquire);
    if (handled == acknowledged_tag_) return;
    amqp_basic_ack_t ack{};
    ack.delivery_tag = handled;
    ack.multiple = 1;
    link.send_method(kDeliveries, AMQP_BASIC_ACK_METHOD, &ack);
    acknowledged_tag_ = handled;
}

Result<void> Consumer::on_frame(const amqp_frame_t& frame) {
    if (frame.frame_type == AMQP_FRAME_METHOD) return on_method(frame.payload.method);
    if (frame.channel != kDeliveries || !delivery_.expects_body) return {};
    if (frame.frame_type == AMQP_FRAME_HEADER) {
        delivery_.size = static_cast<std::size_t>(frame.payload.properties.body_size);
        if (delivery_.size == 0) on_body();
    } else if (frame.frame_type == AMQP_FRAME_BODY) {
        const auto part = view_of(frame.payload.body_fragment);
        // One byte over the limit is enough to have it rejected; the rest is not kept.
        delivery_.body +=
            part.substr(0, kBodyBytesMax + 1 - std::min(delivery_.body.size(), kBodyBytesMax + 1));
        delivery_.size -= std::min(part.size(), delivery_.size);
        if (delivery_.size == 0) on_body();
    }
    return {};
}

Result<void> Consumer::on_method(const amqp_method_t& method) {
    switch (method.id) {
        case AMQP_BASIC_DELIVER_METHOD:
            delivery_.tag = static_cast<const amqp_basic_deliver_t*>(method.decoded)->delivery_tag;
            delivery_.body.clear();
            delivery_.expects_body = true;
            return {};
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            on_barrier(*static_cast<const amqp_queue_declare_ok_t*>(method.decoded));
            return {};
        case AMQP_BASIC_CANCEL_METHOD:
            return Error(Errc::unavailable, "RabbitMQ has cancelled the node's consumer: its queue is gone.");
        default:
            return {};
    }
}

void Consumer::on_barrier(const amqp_queue_declare_ok_t& queue) {
    if (barriers_.empty()) return;
    state().queued.Set(queue.message_count);
    const auto reply = std::move(barriers_.front());
    barriers_.pop_front();
    if (reply) return reply->done({});
    bindings_.set_standing();
    mark_up();
}

void Consumer::on_body() {
    delivery_.expects_body = false;
    received_tag_ = delivery_.tag;
    state().consumed.Increment();
    auto body = decode(delivery_.body);
    if (body) return received_.push_back(*std::move(body));
    state().rejected.Increment();
    log::debug("rabbitmq_rejected", {{"why", body.error().message}});
}

void Consumer::hand_over() {
    if (received_tag_ == handed_over_tag_) return;
    handed_over_tag_ = received_tag_;
    auto deliver = [batch = std::move(received_), tag = received_tag_, handled = handled_,
                    waker = wake()](BusListener& listener) mutable {
        for (auto& body : batch) {
            if (auto* message = std::get_if<BusMessage>(&body))
                listener.on_message(std::move(*message));
            else
                listener.on_control(std::move(std::get<ControlMessage>(body)));
        }
        handled->store(tag, std::memory_order_release);
        waker->signal();
    };
    received_.clear();
    state().call(std::move(deliver));
}

void Consumer::expire() {
    const auto now = std::chrono::steady_clock::now();
    bindings_.expire(now);
    for (auto& barrier : barriers_) {
        if (!barrier || !barrier->deadline().passed(now)) continue;
        barrier->done(Error(Errc::timed_out, "Bindings at RabbitMQ did not stand in time."));
        // Its answer still comes and must find its place; a reply that is resolved ignores it.
    }
}

}  // namespace warren::rabbitmq
