#pragma once
#include "ports/cache.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What every Cache does, with room enough that nothing of a test is evicted. @see
/// tests/contract/port_case.hpp
class CacheContract : public PortContract<Cache> {
protected:
    static std::string fresh_key() { return "key:" + fresh<EntryId>().hex(); }
    void put(std::string key, std::string value) {
        run_task(port().put(std::move(key), std::make_shared<const std::string>(std::move(value))));
    }
    std::shared_ptr<const std::string> get(std::string key) { return run_task(port().get(std::move(key))); }
};

TEST_P(CacheContract, AnUnknownKeyIsAMiss) {
    EXPECT_EQ(get(fresh_key()), nullptr);
}

TEST_P(CacheContract, GivesTheBytesLastPut) {
    const auto key = fresh_key();
    put(key, "one");
    ASSERT_TRUE(get(key));
    EXPECT_EQ(*get(key), "one");
    put(key, "two");
    ASSERT_TRUE(get(key));
    EXPECT_EQ(*get(key), "two");
}

TEST_P(CacheContract, TakesAnyBytesAndNone) {
    const auto key = fresh_key() + std::string("\0 \xff\n", 4);
    const std::string bytes("\0\r\n\xff\x80", 5);
    put(key, bytes);
    ASSERT_TRUE(get(key));
    EXPECT_EQ(*get(key), bytes);
    put(key, "");
    ASSERT_TRUE(get(key));
    EXPECT_EQ(*get(key), "");
    put(key, std::string(100'000, 'x'));
    ASSERT_TRUE(get(key));
    EXPECT_EQ(get(key)->size(), 100'000u);
}

TEST_P(CacheContract, WhatWasDroppedIsAMissAndOthersStay) {
    const auto key = fresh_key();
    const auto other = fresh_key();
    put(key, "gone");
    put(other, "here");
    run_task(port().drop(key));
    run_task(port().drop(fresh_key()));
    EXPECT_EQ(get(key), nullptr);
    ASSERT_TRUE(get(other));
    EXPECT_EQ(*get(other), "here");
}

TEST_P(CacheContract, WhatWasReadOutlivesItsReplacement) {
    const auto key = fresh_key();
    put(key, "old");
    const auto held = get(key);
    put(key, "new");
    run_task(port().drop(key));
    ASSERT_TRUE(held);
    EXPECT_EQ(*held, "old");
}

}  // namespace warren::testing
