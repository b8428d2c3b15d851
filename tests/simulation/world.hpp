#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/oneshot.hpp"
#include "base/task.hpp"
#include "ports/clock.hpp"

namespace warren::simulation {

using Span = std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Everything that is random in a world comes from one of these (splitmix64): a seed is a whole history.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// 0 <= result < n.
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    bool chance(double p) { return static_cast<double>(next() >> 11) * 0x1.0p-53 < p; }
    Span between(Span low, Span high);

private:
    std::uint64_t state_;
};

/// Something that can be stopped for a while or for ever: a node. What is due for it meanwhile waits, or
/// never happens.
struct Process {
    enum class State { runs, paused, dead };
    using Action = std::function<void()>;

    State state = State::runs;
    std::string name;
    std::vector<Action> deferred;
    /// What it asked of others, for tests that count.
    struct Work {
        std::uint64_t reads = 0, writes = 0, publishes = 0;
        std::size_t keys = 0;  ///< Of the last publish.
    };
    Work work;
    /// Called after each of its writes and publishes was done, before it hears of that: a test may kill it
    /// there.
    std::function<void()> on_done;

    void done() {
        if (on_done) on_done();
    }
};

/// Virtual time and the order of all events. Time moves only when no coroutine can run. Thread-confined.
class World {
public:
    using Action = Process::Action;

    World(std::uint64_t seed, bool trace);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    asio::any_io_executor executor() { return io_.get_executor(); }
    SteadyTime now() const { return now_; }
    Random& random() { return random_; }

    /// Runs `action` at `when` (or now, if that has passed) on `process`; null: on nobody's, so it cannot be
    /// stopped.
    void at(SteadyTime when, Process* process, Action action);
    void after(Span span, Process* process, Action action) { at(now_ + span, process, std::move(action)); }
    void run_until(SteadyTime end);

    void pause(Process& process) { process.state = Process::State::paused; }
    void resume(Process& process);
    void kill(Process& process);
    Task<void> sleep(Span span, Process* process = nullptr);

    bool traces() const { return trace_; }
    void trace(const std::string& line) const;

    /// Destroys everything that waits, so that what it refers to may be destroyed.
    void shut_down();

private:
    struct Event {
        SteadyTime when;
        std::uint64_t order;
        Process* process;
        Action action;
    };
    struct Later {
        bool operator()(const Event& a, const Event& b) const {
            return std::pair(a.when, a.order) > std::pair(b.when, b.order);
        }
    };

    void run_ready();

    asio::io_context io_{1};
    SteadyTime now_{seconds(1'000'000)};
    Random random_;
    bool trace_;
    std::uint64_t order_ = 0;
    std::vector<Event> events_;  // A heap by Later.
};

/// One value that an event hands to a coroutine; the first one given counts. Owned by the events that may
/// give it, never by the coroutine, so that dropping them ends the coroutine.
template <class T>
class Reply {
public:
    void set(T value) {
        if (std::exchange(set_, true)) return;
        oneshot_.set(std::move(value));
    }
    Task<T> wait() { return oneshot_.wait(); }

private:
    Oneshot<T> oneshot_;
    bool set_ = false;
};

/// A node's clocks: the steady one is the world's, the calendar is off by some seconds.
class SimClock final : public Clock {
public:
    SimClock(World& world, Process& process, milliseconds skew)
        : world_(world), process_(process), skew_(skew) {}
    SteadyTime now() const override { return world_.now(); }
    WallTime wall() const override;
    Task<void> sleep_until(SteadyTime at) override;

private:
    World& world_;
    Process& process_;
    milliseconds skew_;
};

}  // namespace warren::simulation
