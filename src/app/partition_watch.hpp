#pragma once
#include <atomic>
#include <map>
#include <mutex>

#include "app/health.hpp"
#include "ports/clock.hpp"
#include "ports/message_bus.hpp"

namespace warren::app {

/// A bus that looks at the beats that pass through it: nodes whose partitions differ send past each other. Of
/// two such nodes the one that started later is not ready, so that one wrong setting takes nobody down who
/// served before, and changed partitions are rolled out by stopping the old nodes. Everything else is the bus
/// beneath. Thread-safe.
class PartitionWatch final : public MessageBus, private BusListener {
public:
    /// `bus` and `clock` outlive it.
    PartitionWatch(MessageBus& bus, Clock& clock, NodeId self) : bus_(bus), clock_(clock), self_(self) {}

    Condition condition() const;

    void start(asio::any_io_executor executor, BusListener& listener) override;
    Task<void> stop() override { return bus_.stop(); }
    void bind(BusKey key) override { bus_.bind(key); }
    void unbind(BusKey key) override { bus_.unbind(key); }
    Task<Result<void>> barrier(Deadline deadline) override { return bus_.barrier(deadline); }
    Task<Result<void>> publish(std::vector<BusKey> keys, BusMessage message, Deadline deadline) override {
        return bus_.publish(std::move(keys), std::move(message), deadline);
    }
    void publish_control(ControlMessage message) override { bus_.publish_control(std::move(message)); }
    std::uint64_t partition_map_hash() const override { return bus_.partition_map_hash(); }

private:
    void on_message(BusMessage message) override { listener_->on_message(std::move(message)); }
    void on_control(ControlMessage message) override;
    void on_down() override { listener_->on_down(); }
    void on_up() override { listener_->on_up(); }

    MessageBus& bus_;
    Clock& clock_;
    NodeId self_;
    BusListener* listener_ = nullptr;
    mutable std::mutex mutex_;
    std::map<NodeId, SteadyTime> others_;  ///< Nodes with other partitions, and when they were heard of last.
};

}  // namespace warren::app
