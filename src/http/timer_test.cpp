#include "http/timer.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace warren::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Fired {
    explicit Fired(std::vector<int>& l, int n) : log(l), name(n) {}
    std::vector<int>& log;
    int name;
    Timer timer{[](void* self) {
                    auto* fired = static_cast<Fired*>(self);
                    fired->log.push_back(fired->name);
                },
                this};
};

class TimerWheelTest : public testing::Test {
protected:
    SteadyTime at(milliseconds ms) const { return start + ms; }
    SteadyTime start{seconds{1000}};
    TimerWheel wheel{start};
    std::vector<int> log;
};

TEST_F(TimerWheelTest, FiresWhenDueAndNotBefore) {
    Fired a(log, 1);
    wheel.arm(a.timer, at(milliseconds{100}));
    wheel.advance(at(milliseconds{99}));
    EXPECT_TRUE(log.empty());
    EXPECT_TRUE(a.timer.armed());
    wheel.advance(at(milliseconds{108}));
    EXPECT_EQ(log, std::vector{1});
    EXPECT_FALSE(a.timer.armed());
}

TEST_F(TimerWheelTest, FurtherAwayThanATurn) {
    Fired a(log, 1), b(log, 2);
    wheel.arm(a.timer, at(seconds{80}));
    wheel.arm(b.timer, at(seconds{40}));
    for (milliseconds t{0}; t < seconds{79}; t += milliseconds{500})
        wheel.advance(at(t));
    EXPECT_EQ(log, std::vector{2});
    wheel.advance(at(seconds{81}));
    EXPECT_EQ(log, (std::vector{2, 1}));
}

TEST_F(TimerWheelTest, ALoopThatStoodStillCatchesUp) {
    Fired a(log, 1), b(log, 2), c(log, 3);
    wheel.arm(a.timer, at(milliseconds{5}));
    wheel.arm(b.timer, at(seconds{50}));
    wheel.arm(c.timer, at(seconds{500}));
    wheel.advance(at(seconds{200}));
    EXPECT_EQ(log.size(), 2U);
    EXPECT_TRUE(c.timer.armed());
}

TEST_F(TimerWheelTest, CancelledRearmedAndDestroyedOnesDoNotFire) {
    Fired a(log, 1), b(log, 2);
    {
        Fired gone(log, 3);
        wheel.arm(gone.timer, at(milliseconds{10}));
        wheel.arm(a.timer, at(milliseconds{10}));
    }
    wheel.arm(b.timer, at(milliseconds{10}));
    b.timer.cancel();
    wheel.arm(a.timer, at(milliseconds{300}));
    wheel.advance(at(milliseconds{200}));
    EXPECT_TRUE(log.empty());
    wheel.advance(at(milliseconds{310}));
    EXPECT_EQ(log, std::vector{1});
}

TEST_F(TimerWheelTest, NextSaysWhenToLookAgain) {
    EXPECT_FALSE(wheel.next());
    Fired a(log, 1);
    wheel.arm(a.timer, at(milliseconds{1000}));
    ASSERT_TRUE(wheel.next());
    EXPECT_GE(*wheel.next(), at(milliseconds{1000}));
    EXPECT_LE(*wheel.next(), at(milliseconds{1008}));
    wheel.advance(*wheel.next());
    EXPECT_EQ(log, std::vector{1});
    EXPECT_FALSE(wheel.next());
}

TEST_F(TimerWheelTest, NextGoesRoundTheWheel) {
    wheel.advance(at(seconds{32}));
    Fired a(log, 1);
    wheel.arm(a.timer, at(seconds{34}));
    ASSERT_TRUE(wheel.next());
    EXPECT_GE(*wheel.next(), at(seconds{34}));
    EXPECT_LE(*wheel.next(), at(milliseconds{34'008}));
}

TEST_F(TimerWheelTest, AFiredTimerMayArmItselfForNow) {
    struct Again {
        TimerWheel& wheel;
        SteadyTime due;
        int times = 0;
        Timer timer{[](void* self) {
                        auto* again = static_cast<Again*>(self);
                        if (++again->times < 3) again->wheel.arm(again->timer, again->due);
                    },
                    this};
    } again{wheel, at(milliseconds{8})};
    wheel.arm(again.timer, again.due);
    for (int i = 1; i < 6; ++i)
        wheel.advance(at(milliseconds{8 * i}));
    EXPECT_EQ(again.times, 3);
}

TEST_F(TimerWheelTest, OneThatThrowsDoesNotKeepTheOthersFromFiring) {
    Fired a(log, 1), b(log, 2);
    Timer bad([](void*) { throw std::runtime_error("no"); }, nullptr);
    wheel.arm(a.timer, at(milliseconds{8}));
    wheel.arm(bad, at(milliseconds{8}));
    wheel.arm(b.timer, at(milliseconds{8}));
    wheel.advance(at(milliseconds{8}));
    EXPECT_EQ(log.size(), 2U);
}

}  // namespace
}  // namespace warren::http
