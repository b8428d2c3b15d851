#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "adapters/mongo/call.hpp"
#include "adapters/mongo/run_until.hpp"
#include "base/offload.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace warren::adapters::mongo {

struct Options {
    std::string url;                   ///< mongodb:// or mongodb+srv://; may hold a password, never logged.
    std::string database = "warren";   ///< Everything of Warren's is in this one.
    std::size_t connections_max = 16;  ///< Calls at once, each on a thread and a connection of its own.
    std::size_t queue_max = 4096;      ///< Calls that wait or run; beyond it `overloaded`.
    /// How long a call looks for a primary before it is `unavailable`.
    std::chrono::milliseconds selection_max{2000};
    /// How long a call holds a connection on which nothing comes, unless the URL has socketTimeoutMS.
    std::chrono::milliseconds silence_max{10'000};
};

/// One MongoDB database and the threads that speak to it. Thread-safe. Destroying it waits for the calls that
/// are under way; the stores made over it must have gone before. @see docs/storage.md#mongodb
class Database {
public:
    explicit Database(std::unique_ptr<Driver> driver, const Options& options)
        : driver_(std::move(driver)),
          threads_(options.connections_max, options.queue_max),
          watch_([this](const std::stop_token& stop) { watch(stop); }) {}

    /// Whether the server answers, accepts the user and lets it read, and the schema is one that this version
    /// knows. Changes nothing. What `check-config --connect` asks; every message says what to mend.
    /// @errors unavailable (nobody answers), unauthenticated (the password), forbidden (a right is missing),
    /// conflict (the database is a newer Warren's), timed_out
    Task<Result<void>> check(Deadline deadline);

    /// Makes collections and indexes and brings an older schema up to this version. To be called before any
    /// store is used; may be repeated, also by several nodes at once. A newer schema is left untouched.
    /// @errors as check
    Task<Result<void>> prepare(Deadline deadline);

    /// Whether the last call that ended was answered. After one that was not, the server is asked every
    /// second until it answers, so a node without work notices too.
    Health health() const { return driver_->pulse.health(); }

    /// Runs `f` (Call& -> Result) on one of the database's threads. What the ports call has only their
    /// errors: a password refused in the middle is `unavailable`. @errors timed_out, overloaded, unavailable,
    /// and what `f` returns
    template <class F>
    Task<std::invoke_result_t<F&, Call&>> run(Deadline deadline, F f) {
        using R = std::invoke_result_t<F&, Call&>;
        auto work = [this, deadline, f = std::move(f)]() mutable -> R {
            auto result = attempt<R>(deadline, f);
            if (!result && is_refusal(result.error().code)) return Error(Errc::unavailable);
            return result;
        };
        auto running = run_until(threads_, deadline, std::move(work));
        co_return co_await std::move(running);
    }

private:
    template <class R, class F>
    R attempt(Deadline deadline, F& f) {
        Call call(*driver_, deadline);
        WARREN_TRY_VOID(call.begin());
        return f(call);
    }
    static bool is_refusal(Errc code) { return code == Errc::unauthenticated || code == Errc::forbidden; }
    Error explain(Error error) const;
    void watch(const std::stop_token& stop);

    std::unique_ptr<Driver> driver_;
    Offload threads_;  // After the driver: its end waits for calls that use it. So does the next one's.
    std::jthread watch_;
};

/// A database that nothing was asked of yet: this does not touch the network (but to resolve a mongodb+srv
/// name), so the server need not be up. @errors invalid (the URL; the message has no part of it)
Result<std::unique_ptr<Database>> connect(Options options);

}  // namespace warren::adapters::mongo
