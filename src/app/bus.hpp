#pragma once
#include <memory>
#include <string>

#include "app/config.hpp"
#include "base/metrics.hpp"
#include "ports/message_bus.hpp"

namespace warren::app {

/// The bus as the configuration says: within this process, or RabbitMQ.
class Bus {
public:
    virtual ~Bus() = default;
    virtual MessageBus& port() = 0;
    /// Why it is not up, if it is not. Thread-safe.
    virtual std::string trouble() const = 0;
    /// What it is, for a person.
    virtual std::string description() const = 0;
    /// Whether every broker answers, lets us in and gives us the rights that we need; changes nothing.
    /// @errors unavailable and timed_out (it may come up yet); any other needs somebody to mend it
    virtual Task<Result<void>> check(Deadline deadline) = 0;
};

/// Needs `node.name` set. `metrics` outlives it. @errors invalid (a URL)
Result<std::unique_ptr<Bus>> make_bus(const Config& config, Metrics& metrics);

}  // namespace warren::app
