#include "adapters/rabbitmq/broker_check.hpp"

namespace warren::rabbitmq {
namespace {

constexpr amqp_channel_t kChannel = 1;

class IgnoredFrames final : public AmqpLink::Frames {
public:
    Result<void> on_frame(const amqp_frame_t&) override { return {}; }
};

Result<void> check_exchange(AmqpLink& link, const std::string& queue, const std::string& name,
                            const char* type) {
    WARREN_TRY_VOID(link.declare_exchange(kChannel, name, type));
    return link.bind_queue(kChannel, queue, name);
}

/// A refused publish closes the AMQP channel, which the answer to the next call tells.
Result<void> check_publish(AmqpLink& link, const std::string& exchange) {
    link.send_message(kChannel, exchange, {"check"}, "");
    Wake wake;
    IgnoredFrames frames;
    while (link.unsent() > 0)
        WARREN_TRY_VOID(link.pump(std::chrono::milliseconds(100), wake, frames));
    return link.limit_unacknowledged(kChannel, 1);
}

}  // namespace

Result<void> check_broker(const BrokerAddress& at, const AmqpLink::Options& options,
                          const std::string& exchange, const std::string& control) {
    WARREN_TRY(link, AmqpLink::open(at, options));
    WARREN_TRY_VOID(link->open_channel(kChannel));
    WARREN_TRY(queue, link->declare_own_queue(kChannel, 1024));
    WARREN_TRY_VOID(check_exchange(*link, queue, exchange, "direct"));
    if (!control.empty()) WARREN_TRY_VOID(check_exchange(*link, queue, control, "fanout"));
    WARREN_TRY_VOID(link->consume(kChannel, queue));
    WARREN_TRY_VOID(check_publish(*link, exchange));
    // Not to the control exchange: every node would count a message that is none.
    link->close();
    return {};
}

}  // namespace warren::rabbitmq
