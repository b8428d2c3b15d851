#pragma once
#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/job.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace warren {

/// Threads of their own for calls that block (Argon2id, a driver). At most `queue_max` calls wait or run at
/// once; beyond that a call is refused at once with `overloaded`, so a slow disk or server cannot grow
/// memory. Whoever calls wakes one thread at most while none is on its way, and a thread that finds more than
/// one call wakes the next: many short calls do not cost their caller a wake-up each. The destructor waits
/// for the calls that were accepted.
class Offload {
public:
    Offload(std::size_t threads, std::size_t queue_max);
    ~Offload();
    Offload(const Offload&) = delete;
    Offload& operator=(const Offload&) = delete;

    /// Runs `f` (returning a Result) on one of the threads and resumes the caller on its own executor.
    /// @errors overloaded, and whatever `f` returns
    template <class F>
    Task<std::invoke_result_t<F&>> run(F f) {
        using R = std::invoke_result_t<F&>;
        if (waiting_.fetch_add(1) >= queue_max_) {
            --waiting_;
            co_return R(Error(Errc::overloaded));
        }
        auto initiate = [this, f = std::move(f)](auto handler) mutable {
            auto executor = asio::prefer(asio::get_associated_executor(handler),
                                         asio::execution::outstanding_work.tracked);
            auto job = [this, f = std::move(f), handler = std::move(handler),
                        executor = std::move(executor)]() mutable {
                auto result = f();
                --waiting_;
                auto resume = [handler = std::move(handler), result = std::move(result)]() mutable {
                    std::move(handler)(std::move(result));
                };
                asio::post(executor, std::move(resume));
            };
            enqueue(std::move(job));
        };
        co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(R)>(std::move(initiate),
                                                                                        asio::use_awaitable);
    }

private:
    void enqueue(Job job);
    void loop();
    void run_first(std::unique_lock<std::mutex>& lock);
    bool should_wake();

    const std::size_t queue_max_;
    std::atomic<std::size_t> waiting_{0};

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    std::size_t asleep_ = 0;
    bool waking_ = false;  ///< One was woken and has not come yet.
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace warren
