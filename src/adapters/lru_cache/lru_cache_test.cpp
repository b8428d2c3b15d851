#include "adapters/lru_cache/lru_cache.hpp"

#include <thread>

#include "tests/contract/cache_contract.hpp"

namespace warren::testing {
namespace {

using adapters::LruCache;

INSTANTIATE_TEST_SUITE_P(
    LruCache, CacheContract,
    ::testing::Values(PortCase<Cache>{
        "lru_cache", {}, [] { return std::make_shared<LruCache>(std::size_t{16} << 20); }}),
    case_name<Cache>);

std::shared_ptr<const std::string> bytes(std::size_t size) {
    return std::make_shared<const std::string>(size, 'x');
}

TEST(LruCacheTest, NeverExceedsItsBytesAndKeepsWhatIsUsed) {
    constexpr std::size_t kMax = 256 * 1024;
    LruCache cache(kMax);
    run_task(cache.put("hot", bytes(1000)));
    for (int i = 0; i < 2000; ++i) {
        run_task(cache.put("cold " + std::to_string(i), bytes(500)));
        EXPECT_LE(cache.bytes(), kMax);
        ASSERT_TRUE(run_task(cache.get("hot"))) << i;
    }
    EXPECT_GT(cache.bytes(), kMax / 2);
    EXPECT_FALSE(run_task(cache.get("cold 0")));
    EXPECT_TRUE(run_task(cache.get("cold 1999")));
}

TEST(LruCacheTest, DropAndReplacementGiveTheirBytesBack) {
    LruCache cache(1 << 20);
    run_task(cache.put("a", bytes(1000)));
    const auto one = cache.bytes();
    run_task(cache.put("a", bytes(1000)));
    EXPECT_EQ(cache.bytes(), one);
    run_task(cache.drop("a"));
    EXPECT_EQ(cache.bytes(), 0u);
}

TEST(LruCacheTest, AValueThatIsTooLargeOnlyRemovesTheOld) {
    LruCache cache(16 * 1000);
    run_task(cache.put("a", bytes(10)));
    run_task(cache.put("a", bytes(5000)));
    EXPECT_FALSE(run_task(cache.get("a")));
    EXPECT_EQ(cache.bytes(), 0u);
}

TEST(LruCacheTest, ManyThreadsShareIt) {
    LruCache cache(64 * 1024);
    const auto work = [&cache](int seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        for (int i = 0; i < 300; ++i) {
            const auto key = std::to_string(random() % 50);
            run_task(
                cache.put(key, std::make_shared<const std::string>(key + std::string(random() % 2000, '.'))));
            const auto found = run_task(cache.get(std::to_string(random() % 50)));
            EXPECT_FALSE(found && found->empty());
            if (random() % 4 == 0) run_task(cache.drop(key));
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back(work, i);
    for (auto& thread : threads)
        thread.join();
    EXPECT_LE(cache.bytes(), 64u * 1024);
}

}  // namespace
}  // namespace warren::testing
