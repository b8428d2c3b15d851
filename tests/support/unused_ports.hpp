#pragma once
#include <cstddef>

#include "ports/clock.hpp"

namespace warren::testing {

/// Stands where a port is never touched by what is tested: any call on it crashes.
template <class Port>
Port& none() {
    alignas(16) static std::byte nothing[16];
    return *reinterpret_cast<Port*>(nothing);
}

/// Time as a test sets it.
class HandClock final : public Clock {
public:
    SteadyTime now() const override { return steady; }
    WallTime wall() const override { return wall_now; }
    Task<void> sleep_until(SteadyTime) override { co_return; }
    SteadyTime steady{std::chrono::seconds(1)};
    WallTime wall_now{std::chrono::seconds(1'764'000'000)};
};

}  // namespace warren::testing
