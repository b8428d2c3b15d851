#pragma once
#include <cstddef>
#include <cstdint>

namespace warren {

/// Begins to bring what lies at `at` into the cache. Only a hint: any address will do, also one where nothing
/// is any more. In a walk over many connections memory answers for the next ones while one is served.
template <std::size_t kBytes>
[[gnu::always_inline]] inline void prefetch(const void* at) {  // GCC leaves out calls of what only does this.
    constexpr std::size_t kCacheLine = 64;
    for (std::size_t i = 0; i < kBytes; i += kCacheLine)
        __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(at) + i));
}

/// How far ahead in a walk to prefetch; and what has to be there by then for that.
inline constexpr std::size_t kAhead = 8, kFarAhead = 24;

}  // namespace warren
