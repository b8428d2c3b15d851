#pragma once
#include <cstdint>

namespace warren::bench {

/// How often the calling thread has allocated: this program's operator new counts.
std::uint64_t allocations_here();

}  // namespace warren::bench
