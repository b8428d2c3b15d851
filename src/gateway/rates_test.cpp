#include "gateway/rates.hpp"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart = SteadyTime(1000s);

TEST(TokenBucket, GivesItsCountAtOnceAndThenSaysWhenThereIsMore) {
    TokenBucket bucket(Rate{3, 30s});
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(bucket.take(kStart)) << i;
    const auto refused = bucket.take(kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::rate_limited);
    EXPECT_EQ(refused.error().retry_after, 10s);
}

TEST(TokenBucket, KeepsItsPromiseOfWhenToTryAgain) {
    TokenBucket bucket(Rate{3, 30s});
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(bucket.take(kStart));
    EXPECT_FALSE(bucket.take(kStart + 9s));
    const auto refused = bucket.take(kStart + 9s + 500ms);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(bucket.take(kStart + 9s + 500ms + refused.error().retry_after));
}

TEST(TokenBucket, HoldsNoMoreThanItsCountHoweverLongItWaits) {
    TokenBucket bucket(Rate{2, 1s});
    ASSERT_TRUE(bucket.take(kStart));
    EXPECT_FALSE(bucket.is_full(kStart + 100ms));
    EXPECT_TRUE(bucket.is_full(kStart + 1h));
    EXPECT_TRUE(bucket.take(kStart + 1h));
    EXPECT_TRUE(bucket.take(kStart + 1h));
    EXPECT_FALSE(bucket.take(kStart + 1h));
}

TEST(TokenBucket, OfCountZeroIsNoLimit) {
    TokenBucket bucket(Rate{0, 1s});
    for (int i = 0; i < 10'000; ++i)
        ASSERT_TRUE(bucket.take(kStart));
}

TEST(RateSet, CountsEachClassByItself) {
    const Rate one{1, 10s};
    RateSet set(Rates{.send = one, .create = one, .read = one, .sync = one, .search = one, .receipt = one});
    for (const auto what : {RateClass::send, RateClass::create, RateClass::read, RateClass::sync,
                            RateClass::search, RateClass::receipt}) {
        EXPECT_TRUE(set.take(what, kStart));
        EXPECT_FALSE(set.take(what, kStart));
    }
    EXPECT_FALSE(set.is_full(kStart));
    EXPECT_TRUE(set.is_full(kStart + 10s));
}

}  // namespace
}  // namespace warren::gateway
