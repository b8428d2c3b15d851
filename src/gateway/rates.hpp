#pragma once
#include <array>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "gateway/options.hpp"

namespace warren::gateway {

/// A bucket of `Rate::count` tokens that fills evenly over `Rate::per`. Starts full.
class TokenBucket {
public:
    explicit TokenBucket(Rate rate) : rate_(rate), tokens_(static_cast<double>(rate.count)) {}

    /// Takes a token. @errors rate_limited (with the whole seconds until there is one)
    Result<void> take(SteadyTime now);
    bool is_full(SteadyTime now) const;

private:
    double tokens_at(SteadyTime now) const;

    Rate rate_;
    double tokens_;
    SteadyTime filled_at_{};
};

/// One bucket for each RateClass.
class RateSet {
public:
    explicit RateSet(const Rates& rates)
        : buckets_{TokenBucket(rates.send), TokenBucket(rates.create), TokenBucket(rates.read),
                   TokenBucket(rates.sync), TokenBucket(rates.search), TokenBucket(rates.receipt)} {}

    Result<void> take(RateClass what, SteadyTime now) {
        return buckets_[static_cast<std::size_t>(what)].take(now);
    }
    bool is_full(SteadyTime now) const;

private:
    std::array<TokenBucket, 6> buckets_;
};

}  // namespace warren::gateway
