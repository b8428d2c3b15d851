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

/// Something whose waiting output is written once the shard has nothing else to do, or has been busy for a
/// while.
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
    /// Calls `what->flush()` once nothing else waits to be done here, at the latest some 50 ms from now. On
    /// the shard only.
    void flush_soon(std::shared_ptr<Flushable> what);

    /// More is to be written by a flush that was asked for already: what makes gathering worth while.
    void note_gathered() { ++gathered_; }
    /// Something was asked of another thread whose answer comes here. A shard whose last flush had gathered
    /// waits for it, rather than to flush without what the answer brings. On the shard only.
    void note_asked() { ++asked_; }
    /// So many of them were answered, or will not be.
    void note_answered(std::size_t count);

    /// Arms a timer for `delay` from now. On the shard only.
    void arm(Timer& timer, std::chrono::milliseconds delay);
    void arm_at(Timer& timer, SteadyTime due);

    /// Where an incoming read lands: the shard's one buffer, valid until the caller returns to the loop.
    std::span<char> read_buffer() { return read_buffer_; }

    void start();
    /// Ends the loop, joins the thread. Not from the shard's own thread.
    void stop();

private:
    /// Flushes where nothing but this has run since it was posted, as the handler number `mine`, or where
    /// long enough was gathered; otherwise comes again behind everything that is ready by now.
    void flush_or_gather(std::uint64_t mine);
    void wait_for_answers();
    void run_jobs();
    void run_flushes();
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
    std::vector<std::shared_ptr<Flushable>> flushes_, flushing_;
    std::uint64_t handlers_ran_ = 0;
    SteadyTime::duration gather_for_{};
    SteadyTime flush_at_;  ///< At the latest, what waits in `flushes_`.
    std::size_t gathered_ = 0;
    std::size_t asked_ = 0;
    bool gathering_pays_ = false;
    bool waits_for_answers_ = false;
    SteadyTimer waited_enough_;

    std::mutex mutex_;
    std::vector<Job> jobs_;
    std::thread thread_;
};

/// A TCP socket of a shard.
using Socket = asio::basic_stream_socket<asio::ip::tcp, Shard::Executor>;

}  // namespace warren::http
