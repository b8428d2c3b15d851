#include "api/rate_table.hpp"

#include <algorithm>

namespace warren::api {

std::chrono::nanoseconds RateTable::interval() const {
    return std::chrono::nanoseconds(rate_.per) /
           static_cast<std::int64_t>(std::max<std::uint64_t>(rate_.count, 1));
}

std::chrono::milliseconds RateTable::take(std::string_view key, SteadyTime now) {
    if (rate_.count == 0) return std::chrono::milliseconds{0};
    const std::lock_guard lock(mutex_);
    const auto id = hash(key);
    const auto found = full_at_.find(id);
    const auto from = found == full_at_.end() ? now : std::max(found->second, now);
    const auto over = from + interval() - (now + rate_.per);
    if (over > std::chrono::nanoseconds{0}) return std::chrono::ceil<std::chrono::milliseconds>(over);
    if (found != full_at_.end()) {
        found->second = from + interval();
        return std::chrono::milliseconds{0};
    }
    if (full_at_.size() >= keys_max_) make_room(now);
    full_at_.emplace(id, from + interval());
    return std::chrono::milliseconds{0};
}

void RateTable::give_back(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = full_at_.find(hash(key)); found != full_at_.end()) found->second -= interval();
}

std::size_t RateTable::size() const {
    const std::lock_guard lock(mutex_);
    return full_at_.size();
}

void RateTable::make_room(SteadyTime now) {
    std::erase_if(full_at_, [&](const auto& item) { return item.second <= now; });
    // Whoever keeps so many keys in use can get one forgotten; the other table (addresses) still counts them.
    if (full_at_.size() >= keys_max_) full_at_.erase(full_at_.begin());
}

std::uint64_t RateTable::hash(std::string_view key) const {
    std::uint64_t x = 0xcbf29ce484222325ULL ^ salt_;
    for (const char c : key)
        x = (x ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    x ^= salt_ >> 32 | salt_ << 32;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    return x ^ (x >> 27);
}

}  // namespace warren::api
