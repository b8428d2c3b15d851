#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <future>
#include <set>
#include <thread>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/offload.hpp"
#include "base/oneshot.hpp"
#include "base/result.hpp"

namespace warren {
namespace {

// What is stored in databases may never change. The digest is that of Python's hashlib.
TEST(Digest, IsThatOfAllPartsAndAlwaysTheSame) {
    EXPECT_EQ(digest64({"abc"}), 0x2b8d2bc691b74acfU);
    EXPECT_EQ(digest64({"a", "", "bc"}), digest64({"abc"}));
    EXPECT_NE(digest64({"abd"}), digest64({"abc"}));
}

TEST(ErrorTable, HasOneRowForEveryCodeInOrderWithADistinctName) {
    std::set<std::string_view> names;
    int expected = 1;
    for (const auto& row : all_errcs()) {
        EXPECT_EQ(static_cast<int>(row.code), expected++);
        EXPECT_TRUE(names.insert(row.wire_name).second) << row.wire_name;
        EXPECT_GE(row.http_status, 400);
        EXPECT_FALSE(row.default_message.empty());
    }
    EXPECT_EQ(expected - 1, static_cast<int>(Errc::internal));
}

Result<int> half(int n) {
    if (n % 2 != 0) return Error(Errc::invalid, "odd");
    return n / 2;
}

Result<int> quarter(int n) {
    WARREN_TRY(h, half(n));
    WARREN_TRY(q, half(h));
    return q;
}

TEST(Result, TryReturnsTheFirstErrorAndValueThrowsOnOne) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(6).error().message, "odd");
    EXPECT_THROW(quarter(6).value(), std::logic_error);
}

Task<void> call(Offload& offload, std::thread::id& worker, std::thread::id& resumed) {
    auto job = [&worker]() -> Result<int> {
        worker = std::this_thread::get_id();
        return 7;
    };
    auto running = offload.run(job);
    const auto result = co_await std::move(running);
    EXPECT_EQ(result.value(), 7);
    resumed = std::this_thread::get_id();
}

TEST(Offload, RunsOnItsOwnThreadAndResumesOnTheCallers) {
    asio::io_context io;
    Offload offload(1, 4);
    std::thread::id worker;
    std::thread::id resumed;
    asio::co_spawn(io, call(offload, worker, resumed), asio::detached);
    io.run();
    EXPECT_EQ(resumed, std::this_thread::get_id());
    EXPECT_NE(worker, resumed);
}

Task<void> refused(Offload& offload, Errc& code) {
    auto job = []() -> Result<int> { return 1; };
    auto running = offload.run(job);
    const auto result = co_await std::move(running);
    code = result.error().code;
}

TEST(Offload, RefusesWhatIsBeyondItsQueue) {
    asio::io_context io;
    Offload offload(1, 0);
    Errc code{};
    asio::co_spawn(io, refused(offload, code), asio::detached);
    io.run();
    EXPECT_EQ(code, Errc::overloaded);
}

Task<void> count(Offload& offload, std::atomic<int>& counted, std::chrono::milliseconds takes) {
    auto job = [&counted, takes]() -> Result<int> {
        std::this_thread::sleep_for(takes);
        return ++counted;
    };
    auto running = offload.run(job);
    co_await std::move(running);
}

TEST(Offload, EveryCallIsAnsweredHoweverManyComeAtOnce) {
    asio::io_context io;
    Offload offload(4, 10'000);
    std::atomic<int> counted = 0;
    for (int round = 1; round <= 50; ++round) {
        for (int i = 0; i < 100; ++i)
            asio::co_spawn(io, count(offload, counted, {}), asio::detached);
        io.run();
        io.restart();
        ASSERT_EQ(counted, 100 * round);
    }
}

TEST(Offload, ACallThatTakesLongHoldsUpNoOther) {
    asio::io_context io;
    Offload offload(2, 100);
    std::atomic<int> counted = 0;
    std::promise<void> release;
    auto released = release.get_future();
    const auto held = [&](Offload& threads) -> Task<void> {
        auto job = [&]() -> Result<int> {
            released.wait();
            return counted.load();
        };
        auto running = threads.run(job);
        const auto result = co_await std::move(running);
        EXPECT_EQ(result.value(), 10);
    };
    asio::co_spawn(io, held(offload), asio::detached);
    for (int i = 0; i < 10; ++i)
        asio::co_spawn(io, count(offload, counted, std::chrono::milliseconds(1)), asio::detached);
    while (counted < 10)
        io.poll();
    release.set_value();
    io.run();
}

Task<void> wait_for(Oneshot<int>& shot, int& got) {
    auto waiting = shot.wait();
    got = co_await std::move(waiting);
}

TEST(Oneshot, HandsItsValueOverInEitherOrder) {
    asio::io_context io;
    Oneshot<int> early;
    Oneshot<int> late;
    int first = 0;
    int second = 0;
    early.set(1);
    asio::co_spawn(io, wait_for(early, first), asio::detached);
    asio::co_spawn(io, wait_for(late, second), asio::detached);
    asio::post(io, [&late] { late.set(2); });
    io.run();
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, 2);
}

TEST(Metrics, ExposesWhatWasCounted) {
    Metrics metrics;
    metrics.counter("warren_test_total", "Tests.", {{"kind", "a"}}).Increment();
    EXPECT_NE(metrics.expose().find("warren_test_total{kind=\"a\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace warren
