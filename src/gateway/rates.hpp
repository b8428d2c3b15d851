#pragma once
#include <algorithm>
#include <array>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "gateway/options.hpp"

namespace warren::gateway {

/// A bucket of `Rate::count` tokens that fills evenly over `Rate::per`. Starts full. Every connection and
/// every person has several, so it is one moment: that at which it will be full, which each token puts off by
/// as long as a token takes to come back.
class TokenBucket {
public:
    /// Takes a token of the same `rate` as always; a count of 0 is no limit. @errors rate_limited (with the
    /// whole seconds until there is one)
    Result<void> take(const Rate& rate, SteadyTime now);
    bool is_full(SteadyTime now) const { return full_at_ <= now; }

private:
    SteadyTime full_at_{};
};

/// One bucket for each RateClass.
class RateSet {
public:
    Result<void> take(const Rates& rates, RateClass what, SteadyTime now) {
        return buckets_[static_cast<std::size_t>(what)].take(rates.of(what), now);
    }
    bool is_full(SteadyTime now) const {
        const auto full = [now](const TokenBucket& bucket) { return bucket.is_full(now); };
        return std::all_of(buckets_.begin(), buckets_.end(), full);
    }

private:
    std::array<TokenBucket, 6> buckets_;
};

}  // namespace warren::gateway
