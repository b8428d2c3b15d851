#pragma once
#include <amqp.h>

#include <string_view>

#include "adapters/rabbitmq/broker_address.hpp"

namespace warren::rabbitmq {

/// What a broker or rabbitmq-c said of a failed call, as an Error that says what to mend. `doing` is what was
/// tried, as in "declaring its queue". @errors unauthenticated (user or password), not_found (the vhost),
/// forbidden (the user's permissions), conflict (something of another kind has the name), unavailable
/// (anything that may pass)
Error to_error(const amqp_rpc_reply_t& reply, const BrokerAddress& at, std::string_view doing);
/// The same for a connection.close or channel.close that came unasked.
Error to_error(const amqp_method_t& closing, const BrokerAddress& at, std::string_view doing);
/// The same for a status of rabbitmq-c.
Error to_error(int status, const BrokerAddress& at, std::string_view doing);

}  // namespace warren::rabbitmq
