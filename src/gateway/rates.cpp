#include "gateway/rates.hpp"

namespace warren::gateway {

Result<void> TokenBucket::take(const Rate& rate, SteadyTime now) {
    if (rate.count == 0) return {};
    const auto per_token = SteadyTime::duration(rate.per) / static_cast<std::int64_t>(rate.count);
    const auto full_at = std::max(full_at_, now) + per_token;
    const auto early = full_at - now - SteadyTime::duration(rate.per);
    if (early.count() <= 0) {
        full_at_ = full_at;
        return {};
    }
    const auto seconds = std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(early));
    return Error(Errc::rate_limited,
                 "Too many requests; please try again in " + std::to_string(seconds.count()) + " s.",
                 seconds);
}

}  // namespace warren::gateway
