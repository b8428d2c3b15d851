#include "load/crowd.hpp"

namespace warren::load {

void Opener::turn() {
    const auto now = now_us();
    while (!waiting_.empty() && waiting_.begin()->first <= now &&
           swarm_.joining_count() < options_.opening_max) {
        if (options_.opening_rate > 0) {
            if (next_us_ > now) return;
            next_us_ =
                std::max(next_us_, now - 100'000) + static_cast<std::uint64_t>(1e6 / options_.opening_rate);
        }
        const auto [at_us, connection] = *waiting_.begin();
        waiting_.erase(waiting_.begin());
        // One that had to wait for others was not due yet: how many come at once is the generator's choice.
        due_us_[connection] = options_.opening_rate > 0 || at_us == 0 ? now : at_us;
        swarm_.open(connection, auth_(connection));
    }
}

std::uint64_t Failures::total() const {
    std::uint64_t out = 0;
    for (const auto& [why, count] : counts_)
        out += count;
    return out;
}

json::object Failures::as_json() const {
    json::object out;
    for (const auto& [why, count] : counts_)
        out[why] = count;
    return out;
}

}  // namespace warren::load
