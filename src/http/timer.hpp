#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/deadline.hpp"

namespace warren::http {

class TimerWheel;

/// A time-out embedded in the object it belongs to: 40 bytes, no allocation, no kernel timer. It calls
/// `fire(owner)` once, up to one tick (8 ms) late. Used on one shard only; unlinks itself when destroyed.
class Timer {
public:
    using Fire = void (*)(void* owner);
    Timer(Fire fire, void* owner) : fire_(fire), owner_(owner) {}
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void cancel();
    bool armed() const { return link_ != nullptr; }
    /// When it is due; meaningful while armed.
    SteadyTime due() const { return due_; }

private:
    friend class TimerWheel;
    Timer* next_ = nullptr;
    Timer** link_ = nullptr;  ///< What points at this one: its predecessor's `next_` or the slot.
    SteadyTime due_{};
    Fire fire_;
    void* owner_;
};

/// The timers of one shard: a hashed wheel of 4096 slots of 8 ms. A timer further away than one turn (33 s)
/// is looked at once a turn. Arming and cancelling cost a list operation.
class TimerWheel {
public:
    static constexpr std::chrono::milliseconds kTick{8};
    static constexpr std::size_t kSlots = 4096;

    explicit TimerWheel(SteadyTime start) : start_(start) {}
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;
    /// Timers still armed are forgotten.
    ~TimerWheel();

    /// (Re-)arms `timer`; one already due fires at the next `advance`.
    void arm(Timer& timer, SteadyTime due);
    /// Fires everything due at `now`. A fired timer may arm, cancel or destroy any timer.
    void advance(SteadyTime now);
    /// When `advance` may have something to do next; nothing when no timer is armed.
    std::optional<SteadyTime> next() const;

private:
    void link(Timer& timer);
    void run_slot(std::size_t slot, SteadyTime now);

    SteadyTime start_;
    std::uint64_t done_ = 0;  ///< Every tick before this one has been run.
    std::array<Timer*, kSlots> heads_{};
    std::array<std::uint64_t, kSlots / 64> used_{};  ///< A set bit: the slot may hold timers.
};

}  // namespace warren::http
