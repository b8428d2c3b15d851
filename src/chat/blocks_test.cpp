#include "chat/blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "chat/surroundings_test.hpp"
#include "tests/support/refusing_user_store.hpp"
#include "tests/support/run_task.hpp"

namespace warren::chat {
namespace {

using testing::run_task;

class InMemory final : public BlockStore {
public:
    Task<Result<void>> put(Block block, Deadline) override {
        blocks.insert(block);
        co_return Result<void>();
    }
    Task<Result<void>> remove(Block block, Deadline) override {
        blocks.erase(block);
        co_return Result<void>();
    }
    Task<Result<std::vector<UserId>>> blocked_by(UserId blocker, Deadline) override {
        ++reads;
        if (away) co_return Error(Errc::unavailable);
        std::vector<UserId> out;
        for (const auto& block : blocks) {
            if (block.blocker == blocker) out.push_back(block.blocked);
        }
        co_return out;
    }
    Task<Result<std::vector<Block>>> existing(std::vector<Block>, Deadline) override {
        co_return Error(Errc::internal);
    }
    std::set<Block> blocks;
    int reads = 0;
    bool away = false;
};

/// Everybody exists but for the one of all zeros.
class Everybody final : public testing::RefusingUserStore {
public:
    Task<Result<std::vector<User>>> users(std::vector<UserId> ids, Deadline) override {
        std::vector<User> out;
        for (const auto& id : ids) {
            if (id != UserId{}) out.emplace_back().id = id;
        }
        co_return out;
    }
};

class BlocksTest : public ::testing::Test, protected Surroundings {
protected:
    static UserId person(std::uint8_t n) {
        UserId out;
        out.bytes[11] = n;
        return out;
    }
    Errc code(Task<Result<void>> task) {
        const auto result = run_task(std::move(task));
        return result ? Errc{} : result.error().code;
    }
    Errc block(UserId a, UserId b) { return code(blocks.block(a, b, clock.in(std::chrono::seconds(1)))); }
    Errc unblock(UserId a, UserId b) { return code(blocks.unblock(a, b, clock.in(std::chrono::seconds(1)))); }
    bool hides(UserId a, UserId b) { return run_task(blocks.blocks(a, b)); }

    InMemory store;
    Everybody people;
    Environment env = with(people, store, {.blocked_max = 3});
    Blocks blocks{env};
    const UserId ann = person(1), bob = person(2), carl = person(3);
};

TEST_F(BlocksTest, OnlySomebodyElseWhoExistsIsBlocked) {
    EXPECT_EQ(block(ann, ann), Errc::invalid);
    EXPECT_EQ(block(ann, UserId{}), Errc::not_found);
    EXPECT_EQ(block(ann, bob), Errc{});
    EXPECT_EQ(unblock(ann, UserId{}), Errc{}) << "there is nothing to undo";
    EXPECT_EQ(store.blocks, (std::set<Block>{{ann, bob}}));
}

TEST_F(BlocksTest, AListIsBounded) {
    for (std::uint8_t n = 2; n < 5; ++n)
        EXPECT_EQ(block(ann, person(n)), Errc{});
    EXPECT_EQ(block(ann, person(5)), Errc::too_large);
    EXPECT_EQ(block(ann, person(4)), Errc{}) << "is there already";
    EXPECT_EQ(block(bob, person(5)), Errc{}) << "each has a list of their own";
    EXPECT_EQ(unblock(ann, person(4)), Errc{});
    EXPECT_EQ(block(ann, person(5)), Errc{});
}

TEST_F(BlocksTest, WhatIsShownIsAtMostASecondLate) {
    EXPECT_FALSE(hides(ann, bob));
    EXPECT_FALSE(hides(ann, carl));
    EXPECT_EQ(store.reads, 1) << "one list answers for everybody";
    store.blocks.insert({ann, bob});  // On another node.
    EXPECT_FALSE(hides(ann, bob));
    clock.steady += kBlocksRemembered;
    EXPECT_TRUE(hides(ann, bob));
    EXPECT_FALSE(hides(bob, ann)) << "a block goes one way";
}

TEST_F(BlocksTest, ABlockMadeHereIsShownAtOnce) {
    EXPECT_FALSE(hides(ann, bob));
    block(ann, bob);
    EXPECT_TRUE(hides(ann, bob));
    unblock(ann, bob);
    EXPECT_FALSE(hides(ann, bob));
}

TEST_F(BlocksTest, WhereItCannotBeKnownNothingIsShown) {
    store.away = true;
    EXPECT_TRUE(hides(ann, bob));
    store.away = false;
    EXPECT_FALSE(hides(ann, bob)) << "a failure is not remembered";
}

TEST_F(BlocksTest, TheBlockedLearnLittleAndTheBlockerWhatToMend) {
    EXPECT_TRUE(check_writing(ann, {}));
    EXPECT_TRUE(check_opening(ann, {}));
    const auto message = [](const Result<void>& result) { return result.error().message; };
    EXPECT_EQ(check_writing(bob, {{ann, bob}}).error(), Errc::forbidden);
    EXPECT_EQ(check_opening(bob, {{ann, bob}}).error(), Errc::not_found);
    EXPECT_EQ(message(check_opening(bob, {{ann, bob}})), "There is no such person.");
    EXPECT_EQ(message(check_writing(bob, {{ann, bob}})).find("block"), std::string::npos);
    for (const auto& between : {std::vector<Block>{{ann, bob}}, std::vector<Block>{{ann, bob}, {bob, ann}}}) {
        EXPECT_EQ(check_writing(ann, between).error(), Errc::forbidden);
        EXPECT_EQ(check_opening(ann, between).error(), Errc::forbidden);
        EXPECT_NE(message(check_writing(ann, between)).find("unblock them"), std::string::npos);
    }
}

}  // namespace
}  // namespace warren::chat
