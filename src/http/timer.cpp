#include "http/timer.hpp"

#include <algorithm>
#include <bit>
#include <exception>

#include "base/log.hpp"

namespace warren::http {

void Timer::cancel() {
    if (!link_) return;
    *link_ = next_;
    if (next_) next_->link_ = link_;
    next_ = nullptr;
    link_ = nullptr;
}

TimerWheel::~TimerWheel() {
    for (auto& head : heads_) {
        while (head)
            head->cancel();
    }
}

void TimerWheel::arm(Timer& timer, SteadyTime due) {
    timer.cancel();
    timer.due_ = due;
    link(timer);
}

void TimerWheel::link(Timer& timer) {
    // Rounded up: a timer never fires early.
    const auto since = std::max(timer.due_ - start_, SteadyTime::duration{0});
    const auto tick = static_cast<std::uint64_t>((since + kTick - SteadyTime::duration{1}) / kTick);
    const auto slot = static_cast<std::size_t>(std::max(tick, done_) % kSlots);
    auto*& head = heads_[slot];
    timer.next_ = head;
    timer.link_ = &head;
    if (head) head->link_ = &timer.next_;
    head = &timer;
    used_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::advance(SteadyTime now) {
    if (now < start_) return;
    const auto last = static_cast<std::uint64_t>((now - start_) / kTick);
    if (last < done_) return;
    const auto first = last - done_ >= kSlots ? last - kSlots + 1 : done_;
    for (auto tick = first; tick <= last; ++tick) {
        // What a timer arms for "now" goes to the next tick's slot, so that this loop ends.
        done_ = tick + 1;
        run_slot(static_cast<std::size_t>(tick % kSlots), now);
    }
}

void TimerWheel::run_slot(std::size_t slot, SteadyTime now) {
    auto& bits = used_[slot / 64];
    const auto bit = std::uint64_t{1} << (slot % 64);
    if (!(bits & bit)) return;
    bits &= ~bit;
    Timer* list = std::exchange(heads_[slot], nullptr);
    if (list) list->link_ = &list;
    while (list) {
        auto& timer = *list;
        timer.cancel();
        if (timer.due_ <= now) {
            // The rest of the slot hangs on this frame: an exception must not unwind it.
            try {
                timer.fire_(timer.owner_);
            } catch (const std::exception& e) {
                log::error("timer_failed", {{"error", e.what()}});
            }
        } else {
            link(timer);
        }
    }
}

std::optional<SteadyTime> TimerWheel::next() const {
    constexpr auto kWords = kSlots / 64;
    const auto from = static_cast<std::size_t>(done_ % kSlots);
    for (std::size_t i = 0; i <= kWords; ++i) {
        const auto word = (from / 64 + i) % kWords;
        auto bits = used_[word];
        if (i == 0) bits &= ~std::uint64_t{0} << (from % 64);
        if (i == kWords) bits &= ~(~std::uint64_t{0} << (from % 64));
        if (!bits) continue;
        const auto slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        const auto ahead = (slot + kSlots - from) % kSlots;
        return start_ + kTick * static_cast<std::int64_t>(done_ + ahead);
    }
    return std::nullopt;
}

}  // namespace warren::http
