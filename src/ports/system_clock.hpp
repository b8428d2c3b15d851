#pragma once
#include "ports/clock.hpp"

namespace warren {

/// The machine's clocks.
class SystemClock final : public Clock {
public:
    SteadyTime now() const override;
    WallTime wall() const override;
    Task<void> sleep_until(SteadyTime at) override;
};

}  // namespace warren
