#pragma once
#include <chrono>

namespace warren {

using SteadyTime = std::chrono::steady_clock::time_point;

/// The moment by which a call must have ended; passed down unchanged, so that a chain of calls shares one
/// limit. Measured on ports/clock's steady time, which simulations replace.
struct Deadline {
    SteadyTime at;

    /// Time left at `now`, never negative.
    std::chrono::milliseconds left(SteadyTime now) const {
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(at - now);
        return rest.count() > 0 ? rest : std::chrono::milliseconds{0};
    }
    bool passed(SteadyTime now) const { return now >= at; }
};

}  // namespace warren
