#pragma once
#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/job.hpp"
#include "base/task.hpp"
#include "http/timer.hpp"

namespace warren::http {

/// Something whose waiting output is written once the shard has nothing else to do, or in its turn.
class Flushable {
public:
    virtual void flush() = 0;

protected:
    ~Flushable() = default;
};

/// One thread with its own event loop and its own connections. Whatever belongs to a shard is touched on its
/// thread only; other threads reach it with `post`.
class Shard {
public:
    using Executor = asio::io_context::executor_type;

    explicit Shard(std::size_t index);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    std::size_t index() const { return index_; }
    Executor executor() { return io_.get_executor(); }
    asio::io_context& io() { return io_; }
    /// Whether the calling thread is this shard's.
    bool is_current() const;

    /// Runs `job` on the shard's thread, in the order of posting from one thread. Thread-safe. Jobs posted
    /// while the shard is busy share one wake-up.
    void post(Job job);
    /// Calls `what->flush()` once nothing else waits to be done here, or, on a shard that is never idle, when
    /// all that were asked for before have been. On the shard only.
    void flush_soon(std::shared_ptr<Flushable> what);

    /// Arms a timer for `delay` from now. On the shard only.
    void arm(Timer& timer, std::chrono::milliseconds delay);
    void arm_at(Timer& timer, SteadyTime due);

    /// Where an incoming read lands: the shard's one buffer, valid until the caller returns to the loop.
    std::span<char> read_buffer() { return read_buffer_; }

    void start();
    /// Ends the loop, joins the thread. Not from the shard's own thread.
    void stop();

private:
    /// Flushes where nothing but this has run since it was posted, as the handler number `mine`, or where it
    /// is time to; otherwise comes again behind everything that is ready by now.
    void flush_or_wait(std::uint64_t mine);
    void post_flush();
    void flush_some();
    void run_jobs();
    void schedule_tick();

    std::size_t index_;
    asio::io_context io_{1};
    asio::executor_work_guard<Executor> work_{io_.get_executor()};
    TimerWheel wheel_;
    using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                                   asio::wait_traits<std::chrono::steady_clock>, Executor>;
    SteadyTimer tick_;
    SteadyTime tick_at_ = SteadyTime::max();
    std::vector<char> read_buffer_;
    /// What waits to be flushed, in order: `flushing_` from its `flushed_`th on, then `flushes_`.
    std::vector<std::shared_ptr<Flushable>> flushing_, flushes_;
    std::size_t flushed_ = 0;
    bool flush_is_posted_ = false;
    SteadyTime flush_at_;  ///< At the latest.
    std::uint64_t handlers_ran_ = 0;

    std::mutex mutex_;
    std::vector<Job> jobs_;
    std::thread thread_;
};

/// A TCP socket of a shard.
using Socket = asio::basic_stream_socket<asio::ip::tcp, Shard::Executor>;

}  // namespace warren::http
