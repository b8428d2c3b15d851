#pragma once
#include <gmock/gmock.h>

#include <algorithm>

#include "ports/block_store.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What every BlockStore does. @see tests/contract/port_case.hpp for how an adapter instantiates it
class BlockStoreContract : public PortContract<BlockStore> {
protected:
    void put(Block block) { ASSERT_TRUE(run_task(port().put(block, soon()))); }
    void remove(Block block) { ASSERT_TRUE(run_task(port().remove(block, soon()))); }
    std::vector<UserId> blocked_by(UserId user) { return run_task(port().blocked_by(user, soon())).value(); }
    std::vector<Block> existing(std::vector<Block> asked) {
        return run_task(port().existing(std::move(asked), soon())).value();
    }
    UserId ann = fresh<UserId>(), bob = fresh<UserId>(), carl = fresh<UserId>();
};

TEST_P(BlockStoreContract, ABlockGoesOneWay) {
    put({ann, bob});
    EXPECT_THAT(blocked_by(ann), ::testing::ElementsAre(bob));
    EXPECT_TRUE(blocked_by(bob).empty());
    EXPECT_THAT(existing({{bob, ann}, {ann, bob}, {ann, carl}}), ::testing::ElementsAre(Block{ann, bob}));
    EXPECT_TRUE(existing({{bob, ann}}).empty());
    EXPECT_TRUE(existing({}).empty());
}

TEST_P(BlockStoreContract, BlocksOfSeveralAreApart) {
    put({ann, bob});
    put({ann, carl});
    put({bob, ann});
    auto both = std::vector{bob, carl};
    std::sort(both.begin(), both.end());
    EXPECT_EQ(blocked_by(ann), both);
    EXPECT_THAT(existing({{ann, bob}, {bob, ann}, {carl, ann}}),
                ::testing::UnorderedElementsAre(Block{ann, bob}, Block{bob, ann}));
}

TEST_P(BlockStoreContract, PuttingAndRemovingTwiceIsTheSame) {
    put({ann, bob});
    put({ann, bob});
    put({ann, carl});
    EXPECT_EQ(blocked_by(ann).size(), 2U);
    remove({ann, bob});
    remove({ann, bob});
    remove({bob, carl});
    EXPECT_THAT(blocked_by(ann), ::testing::ElementsAre(carl));
    put({ann, bob});
    EXPECT_THAT(existing({{ann, bob}}), ::testing::ElementsAre(Block{ann, bob}));
}

TEST_P(BlockStoreContract, ManyAreListedAscending) {
    std::vector<UserId> all;
    for (int i = 0; i < 150; ++i) {
        all.push_back(fresh<UserId>());
        put({ann, all.back()});
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(blocked_by(ann), all);
    std::vector<Block> asked;
    for (const auto& user : all)
        asked.push_back({ann, user});
    EXPECT_EQ(existing(asked).size(), all.size());
}

TEST_P(BlockStoreContract, APassedDeadlineEndsInTimedOut) {
    const auto blocked = run_task(port().put({ann, bob}, past()));
    ASSERT_TRUE(blocked.has_error());
    EXPECT_EQ(blocked.error(), Errc::timed_out);
    const auto read = run_task(port().existing({{ann, bob}}, past()));
    ASSERT_TRUE(read.has_error());
    EXPECT_EQ(read.error(), Errc::timed_out);
}

}  // namespace warren::testing
