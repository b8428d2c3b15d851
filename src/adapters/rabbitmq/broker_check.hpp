#pragma once
#include <string>

#include "adapters/rabbitmq/amqp_link.hpp"

namespace warren::rabbitmq {

/// Does once at one broker what a node does there: signs in, declares the exchanges (`control` may be empty)
/// and a queue, binds, consumes, and publishes a message that reaches nobody. Leaves only the exchanges
/// behind. Blocks.
/// @errors as to_error
Result<void> check_broker(const BrokerAddress& at, const AmqpLink::Options& options,
                          const std::string& exchange, const std::string& control);

}  // namespace warren::rabbitmq
