#pragma once
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "base/task.hpp"

namespace warren::app {

/// SIGTERM and SIGINT: the first asks for a stop in good order, and from then on they end the process as
/// usual. On one executor.
class StopSignal {
public:
    explicit StopSignal(asio::any_io_executor executor);

    bool is_set() const { return set_; }
    /// Sleeps, but no longer than until the signal; whether it came.
    Task<bool> sleep(std::chrono::milliseconds span);

private:
    asio::signal_set signals_;
    asio::steady_timer timer_;
    bool set_ = false;
};

}  // namespace warren::app
