#include "app/stop_signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <csignal>

namespace warren::app {

StopSignal::StopSignal(asio::any_io_executor executor)
    : signals_(executor, SIGTERM, SIGINT), timer_(executor) {
    signals_.async_wait([this](boost::system::error_code failure, int) {
        if (failure) return;
        set_ = true;
        signals_.clear(failure);
        timer_.cancel();
    });
}

Task<bool> StopSignal::sleep(std::chrono::milliseconds span) {
    if (!set_) {
        timer_.expires_after(span);
        auto waiting = timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        co_await std::move(waiting);
    }
    co_return set_;
}

}  // namespace warren::app
