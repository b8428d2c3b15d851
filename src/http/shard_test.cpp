#include "http/shard.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <latch>

namespace warren::http {
namespace {

TEST(Shard, JobsOfOneThreadRunInOrderOnTheShard) {
    Shard shard(0);
    shard.start();
    std::vector<int> seen;
    std::latch done(1);
    bool always_there = true;
    for (int i = 0; i < 1000; ++i) {
        shard.post([&, i, only_moved = std::make_unique<int>(i)] {
            always_there = always_there && shard.is_current() && *only_moved == i;
            seen.push_back(i);
            if (i == 999) done.count_down();
        });
    }
    done.wait();
    EXPECT_TRUE(always_there);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(seen.size(), 1000U);
}

TEST(Shard, AJobThatThrowsStopsNothing) {
    Shard shard(0);
    shard.start();
    std::promise<int> later;
    shard.post([] { throw std::runtime_error("no"); });
    shard.post([&] { later.set_value(1); });
    EXPECT_EQ(later.get_future().get(), 1);
}

TEST(Shard, FlushesComeOnceTheTurnIsOver) {
    struct Output final : Flushable {
        void flush() override { flushed.set_value(written); }
        int written = 0;
        std::promise<int> flushed;
    };
    Shard shard(0);
    shard.start();
    const auto output = std::make_shared<Output>();
    shard.post([&] {
        shard.flush_soon(output);
        output->written = 3;
    });
    EXPECT_EQ(output->flushed.get_future().get(), 3);
}

TEST(Shard, ABusyShardFlushesInItsTurn) {
    struct Output final : Flushable {
        void flush() override {
            waits = false;
            ++flushes;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        bool waits = false;
        int flushes = 0;
    };
    Shard shard(0);
    shard.start();
    const auto output = std::make_shared<Output>();
    std::promise<int> flushes;
    constexpr int kTurns = 20'000;
    int turns = 0;
    // Each posts the next: there is always something to do.
    std::function<void()> turn = [&] {
        if (!std::exchange(output->waits, true)) shard.flush_soon(output);
        if (++turns == kTurns) return flushes.set_value(output->flushes);
        shard.post([&] { turn(); });
    };
    shard.post([&] { turn(); });
    const int seen = flushes.get_future().get();
    EXPECT_GE(seen, 1) << "what waits leaves also while the shard is busy";
    EXPECT_LE(seen, kTurns / 20);
}

TEST(Shard, WhatComesWhileItFlushesIsDoneBetween) {
    struct Output final : Flushable {
        explicit Output(std::function<void()> what) : work(std::move(what)) {}
        void flush() override { work(); }
        const std::function<void()> work;
    };
    constexpr std::size_t kOutputs = 100;
    Shard shard(0);
    std::vector<std::size_t> order;
    std::size_t flushed_before = 0;
    std::promise<void> all_flushed;
    const auto flush_soon = [&](std::size_t number) {
        shard.flush_soon(std::make_shared<Output>([&, number] {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            order.push_back(number);
            if (number == kOutputs) all_flushed.set_value();
        }));
    };
    shard.start();
    shard.post([&] {
        shard.flush_soon(std::make_shared<Output>([&] {
            shard.post([&] {
                flushed_before = order.size();
                flush_soon(kOutputs);
            });
        }));
        for (std::size_t i = 0; i < kOutputs; ++i)
            flush_soon(i);
    });
    all_flushed.get_future().wait();
    EXPECT_LT(flushed_before, kOutputs);
    EXPECT_EQ(order.size(), kOutputs + 1);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "in the order of asking";
}

TEST(Shard, AFlushThatThrowsDoesNotKeepTheOthersFromLeaving) {
    struct Bad final : Flushable {
        void flush() override { throw std::runtime_error("no"); }
    };
    struct Good final : Flushable {
        void flush() override { flushed.count_down(); }
        std::latch flushed{2};
    };
    Shard shard(0);
    shard.start();
    const auto good = std::make_shared<Good>();
    const auto both = [&] {
        shard.flush_soon(std::make_shared<Bad>());
        shard.flush_soon(good);
    };
    shard.post(both);
    shard.post(both);
    good->flushed.wait();
}

TEST(Shard, TimersOfAllLengths) {
    Shard shard(0);
    shard.start();
    struct Late {
        std::promise<void> fired;
        Timer timer{[](void* self) { static_cast<Late*>(self)->fired.set_value(); }, this};
    } far, near;
    shard.post([&] {
        shard.arm(far.timer, std::chrono::hours{1});
        shard.arm(near.timer, std::chrono::milliseconds{30});
    });
    const auto start = std::chrono::steady_clock::now();
    near.fired.get_future().get();
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_GE(took, std::chrono::milliseconds{29});
    EXPECT_LT(took, std::chrono::seconds{10});
    std::latch cancelled(1);
    shard.post([&] {
        EXPECT_TRUE(far.timer.armed());
        far.timer.cancel();
        cancelled.count_down();
    });
    cancelled.wait();
}

}  // namespace
}  // namespace warren::http
