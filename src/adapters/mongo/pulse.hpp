#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/log.hpp"

namespace warren::adapters::mongo {

/// Whether the calls of late succeed; if not, why, for a person.
struct Health {
    bool ok = true;
    std::string reason;
};

/// What the last call that ended said of the server. Thread-safe.
class Pulse {
public:
    void note_success() {
        if (!ok_.exchange(true)) log::info("mongodb_back");
    }
    void note_failure(std::string reason) {
        {
            const std::lock_guard lock(mutex_);
            ok_ = false;
            reason_ = std::move(reason);
        }
        failing_.notify_all();
    }
    Health health() const {
        const std::lock_guard lock(mutex_);
        return ok_ ? Health{} : Health{false, reason_};
    }
    /// Returns once the last call failed, or `stop` is asked for: then false.
    bool wait_for_failure(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        return failing_.wait(lock, stop, [this] { return !ok_.load(); });
    }
    /// Waits; false if `stop` is asked for meanwhile.
    bool pause(const std::stop_token& stop, std::chrono::milliseconds span) {
        std::unique_lock lock(mutex_);
        failing_.wait_for(lock, stop, span, [] { return false; });
        return !stop.stop_requested();
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable_any failing_;
    std::atomic<bool> ok_{true};
    std::string reason_;
};

}  // namespace warren::adapters::mongo
