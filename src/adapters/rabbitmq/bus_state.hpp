#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/rabbitmq/body_codec.hpp"
#include "base/metrics.hpp"
#include "ports/message_bus.hpp"

namespace warren::rabbitmq {

/// What all connections of one bus share: whether each is up, the listener, and the metrics. The bus is up
/// while all are. Kept alive by whatever still waits in the listener's executor. Thread-safe.
class BusState : public std::enable_shared_from_this<BusState> {
public:
    BusState(std::size_t connections, Metrics& metrics);

    /// Calls `listener` on `executor` from here on; until the first `on_up` it is down.
    void listen(asio::any_io_executor executor, BusListener& listener);
    /// Once it returns, the listener is not called again.
    void silence();

    /// Connection number `index` came up, or is not up and why. Tells the listener where that changes the
    /// whole.
    void set_up(std::size_t index);
    void set_down(std::size_t index, Error why);
    /// Why the bus is not up, nothing while it is.
    std::optional<Error> trouble() const;

    /// Runs `f(listener)` on the listener's executor, after everything handed over before; where there is no
    /// listener (any more) `f` is dropped.
    template <class F>
    void call(F f) {
        const std::lock_guard lock(mutex_);
        post(std::move(f));
    }

    prometheus::Counter& published;
    prometheus::Counter& confirmed;
    prometheus::Counter& refused;
    prometheus::Counter& consumed;
    prometheus::Counter& rejected;
    prometheus::Counter& losses;
    prometheus::Gauge& queued;
    prometheus::Gauge& up;

private:
    template <class F>
    void post(F f);
    bool all_up() const;

    mutable std::mutex mutex_;
    std::vector<std::optional<Error>> troubles_;
    std::optional<asio::any_io_executor> executor_;

    // Held while the listener is called; recursive, since it may stop the bus or ask it for something
    // meanwhile.
    std::recursive_mutex calling_;
    BusListener* listener_ = nullptr;
};

template <class F>
void BusState::post(F f) {
    if (!executor_) return;
    auto job = [self = shared_from_this(), f = std::move(f)]() mutable {
        const std::lock_guard lock(self->calling_);
        if (self->listener_) f(*self->listener_);
    };
    asio::post(*executor_, std::move(job));
}

}  // namespace warren::rabbitmq
