#pragma once
#include <cstdint>

namespace warren::bench {

/// How often the calling thread has allocated: this program's operator new counts.
std::uint64_t allocations_here();
/// How often all other threads have.
std::uint64_t allocations_elsewhere();

}  // namespace warren::bench
