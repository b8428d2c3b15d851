#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace warren::simulation {

/// A seed whose world breaks a guarantee, and how.
struct Failure {
    std::uint64_t seed = 0;
    std::string what;  ///< One line for each breach.
};

/// Runs the worlds of `count` seeds from `first` on, on two threads, until `failures_max` have failed.
std::vector<Failure> failures_among(std::uint64_t first, std::uint64_t count, std::size_t failures_max,
                                    bool trace = false);

}  // namespace warren::simulation
