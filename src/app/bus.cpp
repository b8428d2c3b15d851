#include "app/bus.hpp"

#include "adapters/local_bus/local_bus.hpp"
#include "adapters/rabbitmq/rabbit_bus.hpp"

namespace warren::app {
namespace {

class AloneBus final : public Bus {
public:
    MessageBus& port() override { return bus_; }
    std::string trouble() const override { return {}; }
    std::string description() const override { return "none: this node is the only one"; }
    Task<Result<void>> check(Deadline) override { co_return Result<void>{}; }

private:
    LocalBus bus_;
};

class BrokerBus final : public Bus {
public:
    explicit BrokerBus(std::unique_ptr<RabbitBus> bus) : bus_(std::move(bus)) {}
    MessageBus& port() override { return *bus_; }
    std::string trouble() const override {
        const auto trouble = bus_->trouble();
        return trouble ? trouble->message : std::string{};
    }
    std::string description() const override { return "RabbitMQ"; }
    Task<Result<void>> check(Deadline deadline) override { return bus_->check(deadline); }

private:
    std::unique_ptr<RabbitBus> bus_;
};

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        if (end > at) out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<Bus>> make_bus(const Config& config, Metrics& metrics) {
    if (config.rabbitmq_urls.empty()) return std::unique_ptr<Bus>(std::make_unique<AloneBus>());
    RabbitOptions options;
    for (const auto& urls : config.rabbitmq_urls)
        options.partitions.push_back(words_of(urls));
    options.exchange_prefix = config.rabbitmq_exchange_prefix;
    options.queue_bytes_max = config.rabbitmq_queue_max.n;
    options.prefetch = static_cast<std::uint16_t>(config.rabbitmq_prefetch);
    options.heartbeat = std::chrono::ceil<std::chrono::seconds>(config.rabbitmq_heartbeat);
    options.node_name = config.node_name;
    WARREN_TRY(bus, RabbitBus::make(std::move(options), metrics));
    return std::unique_ptr<Bus>(std::make_unique<BrokerBus>(std::move(bus)));
}

}  // namespace warren::app
