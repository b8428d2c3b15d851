#include "gateway/rates.hpp"

#include <algorithm>
#include <cmath>

namespace warren::gateway {

Result<void> TokenBucket::take(SteadyTime now) {
    if (rate_.count == 0) return {};
    tokens_ = tokens_at(now);
    filled_at_ = now;
    if (tokens_ >= 1) {
        tokens_ -= 1;
        return {};
    }
    const auto per_token = std::chrono::duration<double>(rate_.per) / static_cast<double>(rate_.count);
    const auto wait = std::ceil((per_token * (1 - tokens_)).count());
    const auto seconds = std::chrono::seconds(std::max(1, static_cast<int>(wait)));
    return Error(Errc::rate_limited,
                 "Too many requests; please try again in " + std::to_string(seconds.count()) + " s.",
                 seconds);
}

bool TokenBucket::is_full(SteadyTime now) const {
    return tokens_at(now) >= static_cast<double>(rate_.count);
}

double TokenBucket::tokens_at(SteadyTime now) const {
    const auto most = static_cast<double>(rate_.count);
    const std::chrono::duration<double> passed = now - filled_at_;
    return std::min(most, tokens_ + most * (passed / std::chrono::duration<double>(rate_.per)));
}

bool RateSet::is_full(SteadyTime now) const {
    return std::all_of(buckets_.begin(), buckets_.end(), [now](auto& bucket) { return bucket.is_full(now); });
}

}  // namespace warren::gateway
