#pragma once
#include <string>

#include "base/result.hpp"

namespace warren::rabbitmq {

/// Where one broker listens and as whom to sign in there.
struct BrokerAddress {
    std::string host;
    int port = 5672;
    std::string user;
    std::string password;
    std::string vhost;

    /// `host:port/vhost`: for logs and errors, without the credentials.
    std::string name() const;
};

/// `amqp://user:password@host:port/vhost`; a missing vhost is `/`, a missing user guest.
/// @errors invalid (what is wrong with it, without the password)
Result<BrokerAddress> parse_broker_url(const std::string& url);

}  // namespace warren::rabbitmq
