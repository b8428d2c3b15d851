#pragma once
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "adapters/rabbitmq/amqp_link.hpp"
#include "adapters/rabbitmq/bus_state.hpp"

namespace warren::rabbitmq {

/// A thread that keeps one AMQP connection to one partition's brokers: connects to its addresses in turn,
/// serves the connection until it is lost, and begins again, with growing, jittered pauses while no address
/// answers. Tells BusState how it stands. A derived class calls `join` in its destructor.
class BrokerThread {
public:
    struct Options {
        std::string name;       ///< At most 15 characters count.
        std::size_t index = 0;  ///< Its number among the bus's connections.
        std::vector<BrokerAddress> addresses;
        AmqpLink::Options link;
        std::chrono::milliseconds pause_max{3000};
    };
    BrokerThread(Options options, std::shared_ptr<BusState> state);
    virtual ~BrokerThread() = default;
    BrokerThread(const BrokerThread&) = delete;
    BrokerThread& operator=(const BrokerThread&) = delete;

    void start();
    /// What was accepted is still done where the broker is there, within `kDrainTime`.
    void request_stop();
    /// Waits for the thread's end: at most the drain time, or the time-out of a call to a broker that does
    /// not answer.
    void join();

    static constexpr std::chrono::milliseconds kDrainTime{2000};

protected:
    /// Sets `link` up, calls `mark_up`, and serves it. Returns once asked to stop, or why it was lost.
    virtual Result<void> serve(AmqpLink& link) = 0;
    /// The connection is gone, or there is none: whatever waits for it fails with `why`.
    virtual void on_lost(const Error& why) = 0;

    bool stopping() const { return stopping_; }
    void mark_up();
    void mark_down(const Error& why);
    BusState& state() { return *state_; }
    std::shared_ptr<BusState> shared_state() { return state_; }
    /// Outlives this where somebody still holds it.
    std::shared_ptr<Wake> wake() { return wake_; }

private:
    void run();
    Result<void> run_once();
    void pause();

    const Options options_;
    std::shared_ptr<BusState> state_;
    std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();
    std::atomic<bool> stopping_{false};
    std::size_t next_address_ = 0;
    unsigned failures_ = 0;
    std::string last_logged_;
    std::minstd_rand random_{std::random_device{}()};
    std::thread thread_;
};

}  // namespace warren::rabbitmq
