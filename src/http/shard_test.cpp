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

TEST(Shard, ABusyShardGathersForAsLongAsItsLastFlushTook) {
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

/// Each flush takes 60 ms, so that the next may wait for 50, as long as any may.
class GatheringShard : public ::testing::Test {
protected:
    struct Output final : Flushable {
        void flush() override {
            std::this_thread::sleep_for(std::chrono::milliseconds(60));
            flushed.set_value();
        }
        std::promise<void> flushed;
    };
    GatheringShard() { shard.start(); }

    void flush_with(std::size_t gathered, bool asked) {
        const auto output = std::make_shared<Output>();
        shard.post([&] {
            if (asked) shard.note_asked();
            shard.flush_soon(output);
            for (std::size_t i = 0; i < gathered; ++i)
                shard.note_gathered();
        });
        output->flushed.get_future().get();
    }
    std::chrono::steady_clock::duration time_of(std::size_t gathered_before) {
        flush_with(gathered_before, false);
        const auto began = std::chrono::steady_clock::now();
        flush_with(0, true);
        shard.post([&] { shard.note_answered(1); });
        return std::chrono::steady_clock::now() - began;
    }
    Shard shard{0};
};

TEST_F(GatheringShard, WaitsForAnswersButNotForEver) {
    EXPECT_GE(time_of(2), std::chrono::milliseconds(110));
}

TEST_F(GatheringShard, DoesNotWaitWhereItHadGatheredLittle) {
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 10; ++i)
        least = std::min(least, time_of(1));
    EXPECT_LT(least, std::chrono::milliseconds(110));
}

TEST_F(GatheringShard, GoesOnWithTheLastAnswer) {
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 10; ++i) {
        flush_with(2, false);
        const auto began = std::chrono::steady_clock::now();
        const auto output = std::make_shared<Output>();
        shard.post([&] {
            shard.note_asked();
            shard.note_asked();
            shard.flush_soon(output);
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        shard.post([&] { shard.note_answered(1); });
        shard.post([&] { shard.note_answered(1); });
        output->flushed.get_future().get();
        least = std::min(least, std::chrono::steady_clock::now() - began);
    }
    EXPECT_LT(least, std::chrono::milliseconds(110)) << "60 for the flush, and up to 50 where nobody answers";
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
