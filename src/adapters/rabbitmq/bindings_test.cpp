#include "adapters/rabbitmq/bindings.hpp"

#include <gtest/gtest.h>

#include "tests/support/run_task.hpp"

namespace warren::rabbitmq {
namespace {

constexpr auto kLong = std::chrono::hours(1);

std::shared_ptr<PendingReply> reply_due(std::chrono::steady_clock::time_point at) {
    return std::make_shared<PendingReply>(1, Deadline{at});
}
std::shared_ptr<PendingReply> reply() {
    return reply_due(std::chrono::steady_clock::now() + kLong);
}
Errc error_of(const std::shared_ptr<PendingReply>& pending) {
    return testing::run_task(PendingReply::wait(pending), std::chrono::seconds(5)).error().code;
}

/// The steps left, as in "+a -b |": bind a, unbind b, barrier.
std::string steps(Bindings& bindings) {
    std::string out;
    while (auto step = bindings.next()) {
        if (!out.empty()) out += ' ';
        if (auto* bind = std::get_if<Bindings::Bind>(&*step)) out += '+' + bind->key;
        if (auto* unbind = std::get_if<Bindings::Unbind>(&*step)) out += '-' + unbind->key;
        if (std::holds_alternative<Bindings::Barrier>(*step)) out += '|';
    }
    return out;
}

Bindings& standing(Bindings& bindings) {
    bindings.restart(Error(Errc::unavailable));
    EXPECT_EQ(steps(bindings), "|");
    bindings.set_standing();
    return bindings;
}

TEST(Bindings, StepsKeepTheOrderOfCalls) {
    Bindings all;
    auto& b = standing(all);
    b.bind("a");
    b.add_barrier(reply());
    b.bind("b");
    EXPECT_EQ(steps(b), "+a | +b");
    b.unbind("a");
    b.add_barrier(reply());
    EXPECT_EQ(steps(b), "-a |");
}

TEST(Bindings, WhatCancelsOutIsNotSent) {
    Bindings all;
    auto& b = standing(all);
    b.bind("a");
    b.unbind("a");
    EXPECT_EQ(steps(b), "");
    b.bind("a");
    b.unbind("a");
    b.bind("a");
    b.bind("a");
    EXPECT_EQ(steps(b), "+a");
    b.unbind("a");
    b.bind("a");
    EXPECT_EQ(steps(b), "");
    b.unbind("unknown");
    EXPECT_EQ(steps(b), "");
}

TEST(Bindings, ABarrierComesAfterEveryEarlierBind) {
    Bindings all;
    auto& b = standing(all);
    b.bind("a");
    b.unbind("a");
    b.bind("b");
    b.bind("a");
    b.add_barrier(reply());
    EXPECT_EQ(steps(b), "+a +b |");
}

TEST(Bindings, ANewQueueGetsEverythingWantedAndThenABarrier) {
    Bindings all;
    auto& b = standing(all);
    b.bind("a");
    b.bind("b");
    b.bind("c");
    EXPECT_EQ(steps(b), "+a +b +c");
    b.unbind("b");
    b.unbind("c");
    b.bind("c");
    b.restart(Error(Errc::unavailable));
    b.bind("d");
    const auto all_steps = steps(b);
    EXPECT_TRUE(all_steps == "+a +c | +d" || all_steps == "+c +a | +d") << all_steps;
}

TEST(Bindings, BarriersFailWhileNothingStands) {
    Bindings all;
    const auto early = reply();
    all.add_barrier(early);
    EXPECT_EQ(error_of(early), Errc::unavailable);
    auto& b = standing(all);
    const auto waiting = reply();
    b.add_barrier(waiting);
    b.restart(Error(Errc::unavailable));
    EXPECT_EQ(error_of(waiting), Errc::unavailable);
    const auto late = reply();
    b.add_barrier(late);
    EXPECT_EQ(error_of(late), Errc::unavailable);
    EXPECT_EQ(steps(b), "|");
}

TEST(Bindings, ALateBarrierIsAnsweredAndLeftOut) {
    Bindings all;
    auto& b = standing(all);
    const auto now = std::chrono::steady_clock::now();
    const auto late = reply_due(now - std::chrono::seconds(1));
    b.add_barrier(late);
    b.add_barrier(reply_due(now + kLong));
    b.expire(now);
    EXPECT_EQ(error_of(late), Errc::timed_out);
    EXPECT_EQ(steps(b), "|");
}

TEST(PendingReply, ResolvesWithTheFirstErrorOrTheLastPart) {
    PendingReply* raw = nullptr;
    auto two = std::make_shared<PendingReply>(2, Deadline{});
    raw = two.get();
    raw->done({});
    raw->done({});
    EXPECT_TRUE(testing::run_task(PendingReply::wait(two)));
    auto failed = std::make_shared<PendingReply>(3, Deadline{});
    failed->done({});
    failed->done(Error(Errc::overloaded));
    failed->done({});
    EXPECT_EQ(error_of(failed), Errc::overloaded);
    EXPECT_TRUE(testing::run_task(PendingReply::wait(std::make_shared<PendingReply>(0, Deadline{}))));
}

}  // namespace
}  // namespace warren::rabbitmq
