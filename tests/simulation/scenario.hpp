#pragma once
#include "tests/simulation/history.hpp"

namespace warren::simulation {

/// Runs the world that `seed` stands for: some busy seconds full of faults, then quiet until everything must
/// have healed. The same seed gives the same history. Thread-safe.
History run(std::uint64_t seed, bool trace = false);

}  // namespace warren::simulation
