#include "ports/system_clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace warren {

SteadyTime SystemClock::now() const {
    return std::chrono::steady_clock::now();
}

WallTime SystemClock::wall() const {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Task<void> SystemClock::sleep_until(SteadyTime at) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, at);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace warren
