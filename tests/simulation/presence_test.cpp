// Presence: who is told of whom, on two nodes of which one may die.
#include "tests/simulation/two_nodes_test.hpp"

namespace warren::simulation {
namespace {

constexpr seconds kTtl{45};

class Presence : public TwoNodes {
protected:
    Presence() {
        start();
        ann = connect(0, person(1));
    }
    std::vector<PresenceNotice> watch(std::size_t node, const EarPtr& by, std::vector<UserId> users) {
        return wait(ask(node, by, std::move(users))).value();
    }
    Task<Result<std::vector<PresenceNotice>>> ask(std::size_t node, const EarPtr& by,
                                                  std::vector<UserId> users) {
        return chat(node).presence().watch(*by, std::move(users), soon());
    }
    bool is_online(std::size_t node, const EarPtr& by, UserId user) {
        return watch(node, by, {user}).front().online;
    }
    /// What `ear` was told of `user`, as letters: 1 online, 0 offline.
    static std::string told(const EarPtr& ear, UserId user) {
        std::string out;
        for (const auto& notice : ear->told<PresenceNotice>())
            if (notice.user == user) out += notice.online ? '1' : '0';
        return out;
    }
    bool is_bound(std::size_t node, UserId user) { return nodes[node]->bus.has_bound({WatchKey{user}}); }

    EarPtr ann;
    const UserId bob = person(2), carl = person(3);
};

TEST_F(Presence, WhoWatchesIsToldOfComingAndGoingOnAnyNode) {
    EXPECT_FALSE(is_online(0, ann, bob));
    for (const std::size_t node : {0u, 1u}) {
        ann->notices.clear();
        const auto device = connect(node, bob);
        EXPECT_EQ(told(ann, bob), "1") << node;
        const auto tab = connect(node, bob);
        disconnect(node, device);
        pass(seconds(5));
        EXPECT_EQ(told(ann, bob), "1") << "another tab is there";
        disconnect(node, tab);
        pass(milliseconds(1'800));
        EXPECT_EQ(told(ann, bob), "1") << "it may be a reload";
        pass(milliseconds(500));
        EXPECT_EQ(told(ann, bob), "10") << node;
        const auto seen = ann->told<PresenceNotice>().back().last_seen;
        EXPECT_NE(seen, WallTime());
        EXPECT_EQ(watch(0, ann, {bob}).front(), (PresenceNotice{bob, false, seen}));
    }
}

TEST_F(Presence, TheAnswerHasWhatOtherNodesKnow) {
    const auto there = connect(1, bob);
    const auto people = watch(0, ann, {carl, bob, bob, person(1)});
    ASSERT_EQ(people.size(), 3u) << "each once";
    EXPECT_TRUE(people[0].online) << "oneself";
    EXPECT_TRUE(people[1].online);
    EXPECT_NE(people[1].last_seen, WallTime());
    EXPECT_EQ(people[2], PresenceNotice{carl}) << "was never here";
    EXPECT_TRUE(ann->notices.empty()) << "the answer says it";
}

TEST_F(Presence, TheAnswerHasItHoweverLongABindTakes) {
    const auto there = connect(1, bob);
    const auto other = connect(0, person(4));
    faults.bind_slow = 1;
    for (int i = 0; i < 10; ++i) {
        std::optional<Result<std::vector<PresenceNotice>>> meanwhile;
        spawn(world.executor(), "test", keep(ask(0, other, {bob}), meanwhile));
        EXPECT_TRUE(is_online(0, ann, bob));
        EXPECT_TRUE(meanwhile.value().value().front().online) << "who watches them meanwhile waits too";
        watch(0, ann, {});
        watch(0, other, {});
    }
}

TEST_F(Presence, OnTwoNodesSomebodyIsOfflineOnlyWhenGoneFromBoth) {
    const auto here = connect(0, bob);
    const auto there = connect(1, bob);
    EXPECT_TRUE(is_online(0, ann, bob));
    disconnect(0, here);
    pass(seconds(10));
    EXPECT_EQ(told(ann, bob), "");
    disconnect(1, there);
    pass(seconds(10));
    EXPECT_EQ(told(ann, bob), "0");
    const auto again = connect(1, bob);
    const auto back = connect(0, bob);
    disconnect(1, again);
    pass(seconds(10));
    EXPECT_EQ(told(ann, bob), "01");
}

TEST_F(Presence, APersonWhoMovesToAnotherNodeIsNeverOffline) {
    EXPECT_FALSE(is_online(0, ann, bob));
    auto device = connect(0, bob);
    for (const std::size_t node : {1u, 0u, 1u}) {
        disconnect(1 - node, device);
        device = open(node, bob);
        pass(seconds(10));
    }
    EXPECT_EQ(told(ann, bob), "1");
}

TEST_F(Presence, TheNextCallReplacesWhatWasWatched) {
    watch(0, ann, {bob, carl});
    EXPECT_TRUE(is_bound(0, bob) && is_bound(0, carl));
    const auto other = connect(0, person(4));
    watch(0, other, {bob});
    watch(0, ann, {carl});
    EXPECT_TRUE(is_bound(0, bob)) << "somebody else watches";
    const auto b = connect(1, bob);
    const auto c = connect(1, carl);
    EXPECT_EQ(told(ann, bob) + "," + told(ann, carl), ",1");
    EXPECT_EQ(told(other, bob) + "," + told(other, carl), "1,");
    disconnect(0, other);
    EXPECT_FALSE(is_bound(0, bob));
    EXPECT_TRUE(watch(0, ann, {}).empty());
    EXPECT_FALSE(is_bound(0, carl));
    disconnect(1, c);
    pass(seconds(5));
    EXPECT_EQ(told(ann, carl), "1");
}

TEST_F(Presence, ThePeopleOfAKilledNodeGoOfflineWithinTheTimeToLive) {
    const auto there = connect(1, bob);
    EXPECT_TRUE(is_online(0, ann, bob));
    pass(kTtl * 3);
    EXPECT_EQ(told(ann, bob), "") << "what holds is refreshed";
    kill(1);
    pass(kTtl / 2);
    EXPECT_EQ(told(ann, bob), "");
    pass(kTtl / 2);
    EXPECT_EQ(told(ann, bob), "0");
    EXPECT_NE(ann->told<PresenceNotice>().back().last_seen, WallTime());
}

TEST_F(Presence, WhatTheBusLosesIsFoundByAsking) {
    EXPECT_FALSE(is_online(0, ann, bob));
    faults.dropped = 1;
    auto there = connect(1, bob);
    EXPECT_EQ(told(ann, bob), "");
    faults.dropped = 0;
    pass(kTtl / 3);
    EXPECT_EQ(told(ann, bob), "1");
    faults.dropped = 1;
    disconnect(1, there);
    pass(seconds(5));
    faults.dropped = 0;
    EXPECT_EQ(told(ann, bob), "1");
    pass(kTtl);
    EXPECT_EQ(told(ann, bob), "10");
}

TEST_F(Presence, WhileTheBusIsAwayNobodyGoesOffline) {
    const auto b = connect(1, bob);
    auto c = connect(1, carl);
    watch(0, ann, {bob, carl});
    broker.stop();
    pass(kTtl * 2);
    disconnect(1, c);
    pass(seconds(5));
    EXPECT_EQ(told(ann, bob) + told(ann, carl), "");
    broker.start();
    pass(kTtl + seconds(5));
    EXPECT_EQ(told(ann, bob), "");
    EXPECT_EQ(told(ann, carl), "0");
}

TEST_F(Presence, APausedNodeDoesNotTakeTheOthersForDead) {
    const auto there = connect(1, bob);
    EXPECT_TRUE(is_online(0, ann, bob));
    world.pause(nodes[0]->process);
    pass(kTtl * 2);
    world.resume(nodes[0]->process);
    pass(kTtl);
    EXPECT_EQ(told(ann, bob), "");
}

TEST_F(Presence, WhenSomebodyWasSeenIsStoredAtMostOnceAMinute) {
    const int before = store.last_seen_writes;
    for (int i = 0; i < 20; ++i) {
        const auto device = connect(1, bob);
        disconnect(1, device);
        pass(seconds(3));
    }
    EXPECT_LE(store.last_seen_writes - before, 4);
    pass(seconds(70));
    const auto gone = nodes[1]->clock.wall() - store.last_seen.at(bob);
    EXPECT_LE(gone, seconds(75));
    EXPECT_GE(gone, seconds(70));
    EXPECT_EQ(watch(0, ann, {bob}).front(), (PresenceNotice{bob, false, store.last_seen.at(bob)}));
}

TEST_F(Presence, OfSomebodyWhoStaysTheStoreKnowsToWithinMinutes) {
    const auto there = connect(1, bob);
    pass(std::chrono::minutes(30));
    EXPECT_LE(nodes[1]->clock.wall() - store.last_seen.at(bob), std::chrono::minutes(6));
    EXPECT_LE(store.last_seen_writes, 20);
}

TEST_F(Presence, ANodeThatStopsTellsOfThoseWhoHaveGone) {
    auto there = connect(1, bob);
    EXPECT_TRUE(is_online(0, ann, bob));
    disconnect(1, there);
    spawn(world.executor(), "stop", chat(1).stop());
    settle();
    EXPECT_EQ(told(ann, bob), "0");
    EXPECT_LE(nodes[1]->clock.wall() - store.last_seen.at(bob), seconds(3));
}

TEST_F(Presence, WhoIsBlockedSeesWhatOneSeesOfSomebodyWhoWasNeverHere) {
    const auto there = connect(1, bob);
    EXPECT_TRUE(is_online(0, ann, bob));
    for (auto& node : nodes)
        node->blocks.blocks.insert({bob, person(1)});
    chat(1).presence().hide(bob, person(1));
    settle();
    EXPECT_EQ(told(ann, bob), "0");
    EXPECT_EQ(ann->told<PresenceNotice>().back(), PresenceNotice{bob}) << "not when they were seen, either";
    disconnect(1, there);
    pass(seconds(5));
    EXPECT_EQ(told(ann, bob), "0");
    const auto back = connect(1, bob);
    EXPECT_EQ(told(ann, bob), "0");
    EXPECT_EQ(watch(0, ann, {bob}).front(), PresenceNotice{bob});
    EXPECT_FALSE(is_bound(0, bob));
    const auto other = connect(0, carl);
    EXPECT_TRUE(is_online(0, other, bob)) << "others are not concerned";
    EXPECT_TRUE(is_online(1, back, person(1))) << "nor is the other direction";
    for (auto& node : nodes)
        node->blocks.blocks.clear();
    EXPECT_TRUE(is_online(0, ann, bob));
}

TEST_F(Presence, OfABlockThatNobodySpokeOfNothingNewIsTold) {
    EXPECT_FALSE(is_online(0, ann, bob));
    const auto other = connect(0, carl);
    EXPECT_FALSE(is_online(0, other, bob));
    nodes[0]->blocks.blocks.insert({bob, person(1)});
    const auto there = connect(1, bob);
    EXPECT_EQ(told(ann, bob), "");
    EXPECT_EQ(told(other, bob), "1");
}

TEST_F(Presence, ABlockWhileTheAnswerIsMadeIsInTheAnswer) {
    const auto there = connect(1, bob);
    std::optional<Result<std::vector<PresenceNotice>>> answer;
    spawn(world.executor(), "watch", keep(ask(0, ann, {bob}), answer));
    pass(milliseconds(30));
    chat(0).presence().hide(bob, person(1));
    pass(seconds(1));
    EXPECT_EQ(answer.value().value().front(), PresenceNotice{bob});
}

TEST_F(Presence, TooManyAreRefusedAndWhoHasGoneIsForgotten) {
    std::vector<UserId> users;
    for (std::size_t i = 1; i <= 201; ++i)
        users.push_back(person(i));
    EXPECT_EQ(wait(ask(0, ann, users)).error(), Errc::too_large);
    users.pop_back();
    EXPECT_EQ(watch(0, ann, users).size(), 200u);
    std::optional<Result<std::vector<PresenceNotice>>> answer;
    spawn(world.executor(), "watch", keep(ask(0, ann, {person(300)}), answer));
    pass(milliseconds(30));
    disconnect(0, ann);
    pass(seconds(1));
    EXPECT_EQ(answer.value().error(), Errc::unavailable);
    EXPECT_EQ(wait(ask(0, ann, {bob})).error(), Errc::unavailable);
    EXPECT_FALSE(is_bound(0, bob) || is_bound(0, person(300)));
}

}  // namespace
}  // namespace warren::simulation
