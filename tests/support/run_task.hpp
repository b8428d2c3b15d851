#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/task.hpp"

namespace warren::testing {

template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
}

/// Runs `tasks` side by side on one thread, the caller's, until all have ended; their values in the same
/// order. The first exception among them, or running for longer than `limit`, is thrown. What then still runs
/// is leaked: another thread may be about to resume it.
template <class T>
std::vector<T> run_tasks(std::vector<Task<T>> tasks,
                         std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    struct State {
        asio::io_context io{1};
        asio::steady_timer limit{io};
        std::vector<std::optional<T>> values;
        std::size_t running = 0;
        bool late = false;
        std::exception_ptr failure;
    };
    auto state = std::make_unique<State>();
    state->values.resize(tasks.size());
    state->running = tasks.size();
    auto note = [raw = state.get()](std::exception_ptr failure) {
        if (failure && !raw->failure) raw->failure = failure;
        if (--raw->running == 0) raw->limit.cancel();
    };
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        asio::co_spawn(state->io, keep_result(std::move(tasks[i]), state->values[i]), note);
    }
    state->limit.expires_after(limit);
    state->limit.async_wait([raw = state.get()](const boost::system::error_code& cancelled) {
        if (cancelled) return;
        raw->late = true;
        raw->io.stop();
    });
    // Not `run_for`: it leaves as soon as no work is left, while the thread that resumed a task may still be
    // inside of the context's `stop`.
    state->io.run();
    if (state->late) {
        (void)state.release();
        throw std::runtime_error("a task did not end in time");
    }
    if (state->failure) std::rethrow_exception(state->failure);
    std::vector<T> out;
    out.reserve(state->values.size());
    for (auto& value : state->values)
        out.push_back(std::move(*value));
    return out;
}

/// Runs one task to its end on the calling thread; its value. Throws like `run_tasks`.
template <class T>
T run_task(Task<T> task, std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    std::vector<Task<T>> tasks;
    tasks.push_back(std::move(task));
    return std::move(run_tasks(std::move(tasks), limit).front());
}

namespace detail {
inline Task<bool> with_value(Task<void> task) {
    co_await std::move(task);
    co_return true;
}
}  // namespace detail

inline void run_task(Task<void> task, std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    run_task<bool>(detail::with_value(std::move(task)), limit);
}

}  // namespace warren::testing
