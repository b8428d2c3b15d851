#include "base/offload.hpp"

namespace warren {

Offload::Offload(std::size_t threads, std::size_t queue_max) : queue_max_(queue_max) {
    for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([this] { loop(); });
}

Offload::~Offload() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_)
        thread.join();
}

void Offload::enqueue(Job job) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
        wake = should_wake();
    }
    if (wake) wake_.notify_one();
}

/// Under the lock; who is told so has to do it.
bool Offload::should_wake() {
    return !jobs_.empty() && asleep_ > 0 && !std::exchange(waking_, true);
}

void Offload::run_first(std::unique_lock<std::mutex>& lock) {
    {
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        const bool wake = should_wake();
        lock.unlock();
        if (wake) wake_.notify_one();
        job();
    }
    lock.lock();
}

void Offload::loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (jobs_.empty()) {
            if (stopping_) return;
            ++asleep_;
            wake_.wait(lock);
            --asleep_;
            waking_ = false;
            continue;
        }
        run_first(lock);
    }
}

}  // namespace warren
