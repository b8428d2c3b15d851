#pragma once
#include <map>
#include <memory>
#include <string>

#include "adapters/rabbitmq/rabbit_bus.hpp"
#include "tests/contract/message_bus_contract.hpp"
#include "tests/support/real_server.hpp"

namespace warren::testing {

/// A RabbitBus with its own metrics.
struct RabbitNode {
    Metrics metrics;
    std::unique_ptr<RabbitBus> bus;

    /// A counter or gauge without labels; 0 where it is not there.
    double metric(const std::string& name) const {
        const auto text = "\n" + metrics.expose();
        const auto at = text.find("\n" + name + " ");
        return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
    }
};

inline RabbitOptions fast_options(const std::string& prefix,
                                  std::vector<std::vector<std::string>> partitions) {
    RabbitOptions options;
    options.partitions = std::move(partitions);
    options.exchange_prefix = prefix;
    options.pause_max = std::chrono::milliseconds(300);
    return options;
}

inline std::shared_ptr<RabbitNode> make_rabbit_node(RabbitOptions options) {
    auto node = std::make_shared<RabbitNode>();
    auto made = RabbitBus::make(std::move(options), node->metrics);
    if (made.has_error()) throw std::runtime_error(made.error().message);
    node->bus = std::move(*made);
    return node;
}

/// The node as the bus that it is.
inline std::shared_ptr<MessageBus> as_bus(const std::shared_ptr<RabbitNode>& node) {
    return std::shared_ptr<MessageBus>(node, node->bus.get());
}

}  // namespace warren::testing
