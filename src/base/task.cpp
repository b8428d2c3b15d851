#include "base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <string>

#include "base/log.hpp"

namespace warren {

void spawn(asio::any_io_executor executor, std::string_view name, Task<void> task) {
    auto report = [name = std::string(name)](std::exception_ptr failure) {
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& e) {
            log::error("task_failed", {{"task", name}, {"error", e.what()}});
        }
    };
    asio::co_spawn(std::move(executor), std::move(task), std::move(report));
}

}  // namespace warren
