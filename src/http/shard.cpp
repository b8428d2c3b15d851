#include "http/shard.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>

#include "base/log.hpp"

namespace warren::http {
namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;
/// A shard that is never idle takes turns: so long it does what is ready, so long it flushes. What a
/// connection is sent until it is flushed leaves with one system call, the dearest part of a delivery: the
/// longer the queue, the more that is.
constexpr std::chrono::milliseconds kTurn{1};
constexpr std::uint64_t kNever = 0;
thread_local const Shard* current_shard = nullptr;

}  // namespace

Shard::Shard(std::size_t index)
    : index_(index), wheel_(std::chrono::steady_clock::now()), tick_(io_), read_buffer_(kReadBufferBytes) {}

Shard::~Shard() {
    stop();
}

bool Shard::is_current() const {
    return current_shard == this;
}

void Shard::post(Job job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() == 1) asio::post(io_, [this] { run_jobs(); });
}

void Shard::run_jobs() {
    std::vector<Job> jobs;
    {
        const std::lock_guard lock(mutex_);
        jobs.swap(jobs_);
    }
    for (auto& job : jobs) {
        try {
            job();
        } catch (const std::exception& e) {
            log::error("shard_job_failed", {{"shard", index_}, {"error", e.what()}});
        }
    }
}

void Shard::flush_soon(std::shared_ptr<Flushable> what) {
    flushes_.push_back(std::move(what));
    if (!flush_is_posted_) post_flush();
}

void Shard::post_flush() {
    flush_is_posted_ = true;
    flush_at_ = std::chrono::steady_clock::now() + kTurn;
    asio::post(io_, [this] { flush_or_wait(kNever); });
}

void Shard::flush_or_wait(std::uint64_t mine) {
    if (handlers_ran_ == mine || std::chrono::steady_clock::now() >= flush_at_) return flush_some();
    asio::post(io_, [this, next = handlers_ran_ + 1] { flush_or_wait(next); });
}

void Shard::flush_some() {
    const auto end = std::chrono::steady_clock::now() + kTurn;
    do {
        if (flushed_ == flushing_.size()) {
            flushing_.clear();
            flushed_ = 0;
            flushing_.swap(flushes_);
            if (flushing_.empty()) break;
        }
        const auto what = std::move(flushing_[flushed_++]);
        try {
            what->flush();
        } catch (const std::exception& e) {
            log::error("shard_flush_failed", {{"shard", index_}, {"error", e.what()}});
        }
    } while (std::chrono::steady_clock::now() < end);
    flush_is_posted_ = false;
    if (!flushing_.empty()) post_flush();
}

void Shard::arm(Timer& timer, std::chrono::milliseconds delay) {
    arm_at(timer, std::chrono::steady_clock::now() + delay);
}

void Shard::arm_at(Timer& timer, SteadyTime due) {
    wheel_.arm(timer, due);
    // Only an earlier timer needs the kernel timer moved; most are far away.
    if (due + TimerWheel::kTick < tick_at_) schedule_tick();
}

void Shard::schedule_tick() {
    const auto next = wheel_.next();
    if (!next) {
        tick_at_ = SteadyTime::max();
        return;
    }
    if (*next == tick_at_) return;
    tick_at_ = *next;
    tick_.expires_at(tick_at_);
    tick_.async_wait([this](boost::system::error_code ec) {
        if (ec) return;
        tick_at_ = SteadyTime::max();
        wheel_.advance(std::chrono::steady_clock::now());
        schedule_tick();
    });
}

void Shard::start() {
    thread_ = std::thread([this] {
        current_shard = this;
        while (!io_.stopped()) {
            // An exception that reaches the loop is a broken invariant of one handler; the others go on.
            try {
                ++handlers_ran_;
                io_.run_one();
            } catch (const std::exception& e) {
                log::error("shard_handler_failed", {{"shard", index_}, {"error", e.what()}});
            }
        }
        current_shard = nullptr;
    });
}

void Shard::stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
}

}  // namespace warren::http
