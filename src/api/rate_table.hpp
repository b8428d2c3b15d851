#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/deadline.hpp"

namespace warren::api {

/// How often something may be tried.
struct TryRate {
    std::uint64_t count = 1;           ///< So many (0: any number) ...
    std::chrono::milliseconds per{1};  ///< ... in any span of this length; refilled evenly.
};

/// Counts tries by key (an address, an account) against one rate. Memory is bounded: keys are kept as salted
/// hashes, those that are as good as new are forgotten, and if there are too many others, one of them. It is
/// the node's own count: nothing is shared between nodes or kept over a restart. Thread-safe.
class RateTable {
public:
    RateTable(TryRate rate, std::size_t keys_max, std::uint64_t salt)
        : rate_(rate), keys_max_(keys_max), salt_(salt) {}

    /// Zero: the try is counted and may go on. Else nothing is counted, and one may go on after that time.
    std::chrono::milliseconds take(std::string_view key, SteadyTime now);
    /// Takes one counted try back: it was a good one.
    void give_back(std::string_view key);
    std::size_t size() const;

private:
    std::chrono::nanoseconds interval() const;
    void make_room(SteadyTime now);
    std::uint64_t hash(std::string_view key) const;

    TryRate rate_;
    std::size_t keys_max_;
    std::uint64_t salt_;
    mutable std::mutex mutex_;
    // The time at which the key will be as good as new (the generic cell rate algorithm, ITU-T I.371).
    std::unordered_map<std::uint64_t, SteadyTime> full_at_;
};

}  // namespace warren::api
