#include "gateway/rates.hpp"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart = SteadyTime(1000s);

TEST(TokenBucket, GivesItsCountAtOnceAndThenSaysWhenThereIsMore) {
    const Rate rate{3, 30s};
    TokenBucket bucket;
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(bucket.take(rate, kStart)) << i;
    const auto refused = bucket.take(rate, kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::rate_limited);
    EXPECT_EQ(refused.error().retry_after, 10s);
}

TEST(TokenBucket, KeepsItsPromiseOfWhenToTryAgain) {
    const Rate rate{3, 30s};
    TokenBucket bucket;
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(bucket.take(rate, kStart));
    EXPECT_FALSE(bucket.take(rate, kStart + 9s));
    const auto refused = bucket.take(rate, kStart + 9s + 500ms);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(bucket.take(rate, kStart + 9s + 500ms + refused.error().retry_after));
}

TEST(TokenBucket, HoldsNoMoreThanItsCountHoweverLongItWaits) {
    const Rate rate{2, 1s};
    TokenBucket bucket;
    ASSERT_TRUE(bucket.take(rate, kStart));
    EXPECT_FALSE(bucket.is_full(kStart + 100ms));
    EXPECT_TRUE(bucket.is_full(kStart + 1h));
    EXPECT_TRUE(bucket.take(rate, kStart + 1h));
    EXPECT_TRUE(bucket.take(rate, kStart + 1h));
    EXPECT_FALSE(bucket.take(rate, kStart + 1h));
}

TEST(TokenBucket, OfCountZeroIsNoLimit) {
    const Rate rate{0, 1s};
    TokenBucket bucket;
    for (int i = 0; i < 10'000; ++i)
        ASSERT_TRUE(bucket.take(rate, kStart));
}

TEST(TokenBucket, FillsEvenlyWhileItIsUsed) {
    const Rate rate{10, 10s};
    TokenBucket bucket;
    int taken = 0;
    for (auto now = kStart; now < kStart + 100s; now += 100ms)
        taken += bucket.take(rate, now).has_value();
    EXPECT_EQ(taken, 10 + 99);
}

TEST(RateSet, CountsEachClassByItself) {
    const Rate one{1, 10s};
    const Rates rates{.send = one, .create = one, .read = one, .sync = one, .search = one, .receipt = one};
    RateSet set;
    for (const auto what : {RateClass::send, RateClass::create, RateClass::read, RateClass::sync,
                            RateClass::search, RateClass::receipt}) {
        EXPECT_TRUE(set.take(rates, what, kStart));
        EXPECT_FALSE(set.take(rates, what, kStart));
    }
    EXPECT_FALSE(set.is_full(kStart));
    EXPECT_TRUE(set.is_full(kStart + 10s));
}

}  // namespace
}  // namespace warren::gateway
