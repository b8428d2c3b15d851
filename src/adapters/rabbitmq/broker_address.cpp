#include "adapters/rabbitmq/broker_address.hpp"

#include <amqp.h>

#include <algorithm>
#include <cctype>

namespace warren::rabbitmq {
namespace {

constexpr std::string_view kShape =
    "write it as amqp://user:password@host:5672/vhost, special characters as %XX";

Error wrong(std::string what) {
    return Error(Errc::invalid, "The RabbitMQ URL " + std::move(what) + ": " + std::string(kShape) + ".");
}

}  // namespace

std::string BrokerAddress::name() const {
    return host + ':' + std::to_string(port) + (vhost.starts_with('/') ? "" : "/") + vhost;
}

Result<BrokerAddress> parse_broker_url(const std::string& url) {
    if (url.starts_with("amqps:")) {
        return Error(
            Errc::invalid,
            "The RabbitMQ URL asks for TLS (amqps), which Warren does not speak yet: use amqp within a "
            "trusted network, or a TLS tunnel beside Warren.");
    }
    if (!url.starts_with("amqp://")) return wrong("does not begin with amqp://");
    auto text = url;
    amqp_connection_info info{};
    if (amqp_parse_url(text.data(), &info) != AMQP_STATUS_OK) return wrong("cannot be read");
    BrokerAddress address{info.host, info.port, info.user, info.password, info.vhost};
    if (address.host.empty()) return wrong("names no host");
    // An empty vhost is legal AMQP and never meant: people end URLs in a slash.
    if (address.vhost.empty()) address.vhost = "/";
    auto lower = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
    std::transform(address.host.begin(), address.host.end(), address.host.begin(), lower);
    return address;
}

}  // namespace warren::rabbitmq
