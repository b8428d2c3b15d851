#include "http/shard.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>

#include "base/log.hpp"

namespace warren::http {
namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;
/// A shard that is never idle takes what has come for as long as its last flush took, within these, before
/// it flushes again: what one connection is sent meanwhile leaves with one system call, the dearest part of a
/// delivery, and waiting at most doubles what the flushes take anyway.
constexpr std::chrono::milliseconds kGatherMin{1}, kGatherMax{50};
/// So much a connection, on average, a flush has to find for waiting for more to be worth while.
constexpr std::size_t kGatheredMin = 3;
constexpr std::uint64_t kNever = 0;
thread_local const Shard* current_shard = nullptr;

}  // namespace

Shard::Shard(std::size_t index)
    : index_(index),
      wheel_(std::chrono::steady_clock::now()),
      tick_(io_),
      read_buffer_(kReadBufferBytes),
      waited_enough_(io_) {}

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
    if (flushes_.size() > 1) return;
    flush_at_ = std::chrono::steady_clock::now() + gather_for_;
    asio::post(io_, [this] { flush_or_gather(kNever); });
}

void Shard::run_flushes() {
    const auto began = std::chrono::steady_clock::now();
    flushing_.swap(flushes_);
    const bool had_gathered = std::exchange(gathered_, 0) >= (kGatheredMin - 1) * flushing_.size();
    for (auto& what : flushing_) {
        try {
            what->flush();
        } catch (const std::exception& e) {
            log::error("shard_flush_failed", {{"shard", index_}, {"error", e.what()}});
        }
    }
    flushing_.clear();
    const auto took = std::chrono::steady_clock::now() - began;
    gather_for_ = std::clamp<SteadyTime::duration>(took, kGatherMin, kGatherMax);
    gathering_pays_ = had_gathered && took > kGatherMin;
}

void Shard::flush_or_gather(std::uint64_t mine) {
    if (std::chrono::steady_clock::now() >= flush_at_) return run_flushes();
    if (handlers_ran_ == mine) return asked_ > 0 && gathering_pays_ ? wait_for_answers() : run_flushes();
    asio::post(io_, [this, next = handlers_ran_ + 1] { flush_or_gather(next); });
}

void Shard::wait_for_answers() {
    waits_for_answers_ = true;
    waited_enough_.expires_at(flush_at_);
    waited_enough_.async_wait([this](boost::system::error_code ec) {
        if (!ec && std::exchange(waits_for_answers_, false)) run_flushes();
    });
}

void Shard::note_answered(std::size_t count) {
    asked_ -= count;
    if (asked_ != 0 || !std::exchange(waits_for_answers_, false)) return;
    waited_enough_.cancel();
    asio::post(io_, [this] { flush_or_gather(kNever); });
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
