#include "http/shard.hpp"

#include <boost/asio/post.hpp>
#include <exception>

#include "base/log.hpp"

namespace warren::http {
namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;
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
    if (flushes_.size() == 1) asio::post(io_, [this] { run_flushes(); });
}

void Shard::run_flushes() {
    flushing_.swap(flushes_);
    for (auto& what : flushing_) {
        try {
            what->flush();
        } catch (const std::exception& e) {
            log::error("shard_flush_failed", {{"shard", index_}, {"error", e.what()}});
        }
    }
    flushing_.clear();
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
                io_.run();
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
