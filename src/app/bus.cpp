#include "app/bus.hpp"

#include "adapters/local_bus/local_bus.hpp"

namespace warren::app {
namespace {

class AloneBus final : public Bus {
public:
    MessageBus& port() override { return bus_; }
    std::string description() const override { return "none: this node is the only one"; }
    Task<Result<void>> check(Deadline) override { co_return Result<void>{}; }

private:
    LocalBus bus_;
};

}  // namespace

Result<std::unique_ptr<Bus>> make_bus(const Config&, Metrics&) {
    return std::unique_ptr<Bus>(std::make_unique<AloneBus>());
}

}  // namespace warren::app
