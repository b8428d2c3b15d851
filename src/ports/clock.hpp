#pragma once
#include "base/deadline.hpp"
#include "base/task.hpp"
#include "model/time.hpp"

namespace warren {

/// Time, so that simulations can replace it. Thread-safe. Adapter for production: SystemClock
/// (ports/system_clock.hpp).
class Clock {
public:
    virtual ~Clock() = default;
    virtual SteadyTime now() const = 0;
    virtual WallTime wall() const = 0;
    /// Resumes on the caller's executor, at `at` or soon after; at once if it has passed.
    virtual Task<void> sleep_until(SteadyTime at) = 0;

    Deadline in(std::chrono::milliseconds span) const { return {now() + span}; }
};

}  // namespace warren
