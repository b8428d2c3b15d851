#pragma once
#include <map>
#include <set>

#include "ports/message_bus.hpp"
#include "tests/simulation/faults.hpp"

namespace warren::simulation {

class SimBus;

/// What a broker keeps: a queue per connected node and what is bound to it. Knows the nodes that are there.
class Broker {
public:
    Broker(World& world, const Faults& faults) : world_(world), faults_(faults) {}

    bool is_up() const { return is_up_; }
    /// Every queue is gone, and nobody can connect until `start`.
    void stop();
    void start() { is_up_ = true; }

    void add(SimBus& bus) { buses_.insert(&bus); }
    void remove(SimBus& bus) { buses_.erase(&bus); }
    /// One copy to every queue with any of `keys`.
    void route(const std::vector<BusKey>& keys, const BusMessage& message);
    void route_control(const ControlMessage& message);

private:
    struct InOrder {
        template <class T>
        bool operator()(const T* a, const T* b) const {
            return a->number() < b->number();
        }
    };
    World& world_;
    const Faults& faults_;
    bool is_up_ = true;
    std::set<SimBus*, InOrder> buses_;
};

/// One node's connection to the broker.
class SimBus final : public MessageBus {
public:
    SimBus(World& world, const Faults& faults, Broker& broker, Process& process, std::uint64_t number);
    ~SimBus() override { broker_.remove(*this); }

    std::uint64_t number() const { return number_; }
    bool has_bound(const std::vector<BusKey>& keys) const;
    /// Into this node's queue; what becomes of it there.
    void enqueue(std::function<void(BusListener&)> deliver, bool control);
    /// The connection breaks: queue and bindings are gone. It comes back by itself.
    void disconnect();
    /// The queue overflowed: what came within this time is dropped.
    void drop_arrived_within(SteadyTime from, SteadyTime to) { dropped_ = {from, to}; }

    void start(asio::any_io_executor executor, BusListener& listener) override;
    Task<void> stop() override;
    void bind(BusKey key) override;
    void unbind(BusKey key) override;
    Task<Result<void>> barrier(Deadline deadline) override;
    Task<Result<void>> publish(std::vector<BusKey> keys, BusMessage message, Deadline deadline) override;
    void publish_control(ControlMessage message) override;
    std::uint64_t partition_map_hash() const override { return 1; }

private:
    void connect_soon();
    void try_connect();
    Span latency();

    World& world_;
    const Faults& faults_;
    Broker& broker_;
    Process& process_;
    std::uint64_t number_;
    BusListener* listener_ = nullptr;
    bool connected_ = false;
    std::uint64_t epoch_ = 0;  ///< Of the queue: what was in an earlier one is gone.
    std::set<BusKey> wanted_;
    std::set<BusKey> bound_;
    SteadyTime bound_by_{};      ///< When all that was asked for stands.
    SteadyTime delivered_by_{};  ///< A queue keeps its order.
    std::pair<SteadyTime, SteadyTime> dropped_;
};

}  // namespace warren::simulation
