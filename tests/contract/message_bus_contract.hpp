// Long because a contract is one list.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/contract/bus_node.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What makes the nodes of one test: each call gives another node of the same bus, not started.
struct BusWorld {
    std::function<std::shared_ptr<MessageBus>()> make_node;
    /// A node may get one copy of a message from each.
    std::size_t partitions = 1;
};

/// What every MessageBus does. @see tests/contract/port_case.hpp
class MessageBusContract : public PortContract<BusWorld> {
protected:
    std::unique_ptr<BusNode> make_node() { return std::make_unique<BusNode>(port().make_node()); }
    std::unique_ptr<BusNode> start_node() {
        auto node = make_node();
        node->start();
        EXPECT_TRUE(node->heard.wait_until_up());
        return node;
    }
    static HeadAnnounced head(ChannelId channel, Seq seq) { return HeadAnnounced{channel, seq}; }
    static EntryPtr message_entry(std::string text) {
        Entry entry;
        entry.channel = fresh<ChannelId>();
        entry.seq = 7;
        entry.id = fresh<EntryId>();
        entry.sender = fresh<UserId>();
        entry.nonce = "n1";
        entry.at = time(1'700'000'000'123);
        entry.count = 5;
        entry.message_seq = 7;
        entry.state_seq = 3;
        MessageBody body;
        body.text = std::move(text);
        body.mentions = {fresh<UserId>()};
        entry.body = std::move(body);
        return std::make_shared<const Entry>(std::move(entry));
    }
    /// Publishes `seq` under `keys` and then waits until `to` has got a later message under `flush`, which
    /// must be bound there: what `to` was to receive of the first is there then.
    void publish_and_flush(BusNode& from, BusNode& to, std::vector<BusKey> keys, ChannelId channel, Seq seq,
                           BusKey flush) {
        ASSERT_TRUE(from.publish(std::move(keys), head(channel, seq)));
        const auto marker = fresh<ChannelId>();
        ASSERT_TRUE(from.publish({flush}, head(marker, 1)));
        ASSERT_TRUE(to.heard.wait_for_seq(marker, 1));
    }
};

TEST_P(MessageBusContract, WhoHasBoundTheKeyReceivesTheEntryAsItWas) {
    auto a = start_node();
    auto b = start_node();
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(b->bind(user));
    const auto entry = message_entry("h\xc3\xa9llo \xf0\x9f\x90\x87");
    ASSERT_TRUE(a->publish({user}, EntryAnnounced{entry}));
    ASSERT_TRUE(b->heard.wait_for_seq(entry->channel, 7));
    EXPECT_EQ(*b->heard.entry(entry->channel, 7), *entry);
}

TEST_P(MessageBusContract, ANoticeArrivesAsItWas) {
    const auto user = fresh<UserId>();
    const auto channel = fresh<ChannelId>();
    const std::vector<Notice> all = {
        ReceiptNotice{channel, user, 3, 0}, TypingNotice{channel, user, true, std::chrono::seconds(6)},
        PresenceNotice{user, true, time(1'700'000'000'123)}, StateNotice{channel, user, {}, 5}};
    for (const auto& notice : all) {
        auto a = start_node();
        auto b = start_node();
        ASSERT_TRUE(b->bind(user));
        const auto from = fresh<NodeId>();
        const auto other = fresh<UserId>();
        ASSERT_TRUE(
            a->publish({user}, NoticeAnnounced{from, std::make_shared<const Notice>(notice), {user, other}}));
        const auto told = b->heard.wait_for<NoticeAnnounced>();
        ASSERT_TRUE(told);
        EXPECT_EQ(told->from, from);
        EXPECT_EQ(*told->notice, notice);
        EXPECT_EQ(told->to, (std::vector<UserId>{user, other}));
    }
}

TEST_P(MessageBusContract, WhoWatchesAPersonReceivesWhatIsToldOfThem) {
    auto a = start_node();
    auto b = start_node();
    const auto user = fresh<UserId>();
    ASSERT_TRUE(b->bind(WatchKey{user}));
    const PresenceTold told{
        fresh<NodeId>(), std::chrono::seconds(45), {{user, true, time(1'700'000'000'123)}}};
    ASSERT_TRUE(a->publish({WatchKey{user}, WatchKey{fresh<UserId>()}}, told));
    const auto heard = b->heard.wait_for<PresenceTold>();
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->from, told.from);
    EXPECT_EQ(heard->ttl, told.ttl);
    EXPECT_EQ(heard->people, told.people);
    ASSERT_TRUE(b->bind(user));
    const PresenceAsked asked{fresh<NodeId>(), {user, fresh<UserId>()}};
    ASSERT_TRUE(a->publish({user}, asked));
    const auto question = b->heard.wait_for<PresenceAsked>();
    ASSERT_TRUE(question);
    EXPECT_EQ(question->users, asked.users);
}

TEST_P(MessageBusContract, OtherKeysAreNotReceived) {
    auto a = start_node();
    auto b = start_node();
    const auto id = fresh<UserId>();
    ChannelId same_bytes;
    same_bytes.bytes = id.bytes;
    const BusKey flush = fresh<UserId>();
    b->bus().bind(id);
    ASSERT_TRUE(b->bind(flush));
    const auto channel = fresh<ChannelId>();
    publish_and_flush(*a, *b, {fresh<UserId>()}, channel, 1, flush);
    publish_and_flush(*a, *b, {same_bytes}, channel, 2, flush);
    publish_and_flush(*a, *b, {WatchKey{id}}, channel, 4, flush);
    publish_and_flush(*a, *b, {id}, channel, 3, flush);
    ASSERT_TRUE(b->heard.wait_for_seq(channel, 3));
    EXPECT_EQ(b->heard.seqs(channel), std::vector<Seq>{3});
}

TEST_P(MessageBusContract, SeveralMatchingKeysGiveOneCopy) {
    auto a = start_node();
    auto b = start_node();
    std::vector<BusKey> keys;
    for (int i = 0; i < 40; ++i)
        keys.push_back(i % 4 == 0 ? BusKey(fresh<ChannelId>()) : BusKey(fresh<UserId>()));
    for (const auto& key : keys)
        b->bus().bind(key);
    ASSERT_TRUE(b->barrier());
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish(keys, head(channel, 1)));
    for (const auto& key : keys)
        publish_and_flush(*a, *b, {key}, fresh<ChannelId>(), 1, key);
    const auto copies = b->heard.seqs(channel).size();
    EXPECT_GE(copies, 1u);
    EXPECT_LE(copies, port().partitions);
}

TEST_P(MessageBusContract, EachOfSeveralKeysReachesItsNode) {
    auto a = start_node();
    auto b = start_node();
    auto c = start_node();
    const std::vector<BusKey> keys = {fresh<UserId>(), fresh<UserId>(), fresh<ChannelId>(), fresh<UserId>()};
    ASSERT_TRUE(b->bind(keys[1]));
    ASSERT_TRUE(c->bind(keys[2]));
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish(keys, head(channel, 4)));
    EXPECT_TRUE(b->heard.wait_for_seq(channel, 4));
    EXPECT_TRUE(c->heard.wait_for_seq(channel, 4));
}

TEST_P(MessageBusContract, EveryNodeThatBoundReceives) {
    auto a = start_node();
    auto b = start_node();
    auto c = start_node();
    const BusKey shared = fresh<ChannelId>();
    ASSERT_TRUE(b->bind(shared));
    ASSERT_TRUE(c->bind(shared));
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish({shared}, head(channel, 9)));
    EXPECT_TRUE(b->heard.wait_for_seq(channel, 9));
    EXPECT_TRUE(c->heard.wait_for_seq(channel, 9));
}

TEST_P(MessageBusContract, NothingAfterUnbinding) {
    auto a = start_node();
    auto b = start_node();
    const BusKey user = fresh<UserId>();
    const BusKey flush = fresh<UserId>();
    b->bus().bind(flush);
    ASSERT_TRUE(b->bind(user));
    const auto channel = fresh<ChannelId>();
    publish_and_flush(*a, *b, {user}, channel, 1, flush);
    ASSERT_TRUE(b->unbind(user));
    publish_and_flush(*a, *b, {user}, channel, 2, flush);
    EXPECT_EQ(b->heard.seqs(channel), std::vector<Seq>{1});
}

TEST_P(MessageBusContract, BindingsAreNotCounted) {
    auto a = start_node();
    auto b = start_node();
    const BusKey user = fresh<UserId>();
    const BusKey flush = fresh<UserId>();
    b->bus().bind(flush);
    b->bus().bind(user);
    b->bus().bind(user);
    b->bus().unbind(user);
    b->bus().bind(user);
    ASSERT_TRUE(b->barrier());
    const auto channel = fresh<ChannelId>();
    publish_and_flush(*a, *b, {user}, channel, 1, flush);
    EXPECT_TRUE(b->heard.wait_for_seq(channel, 1));
    EXPECT_EQ(b->heard.seqs(channel).size(), 1u);
    ASSERT_TRUE(b->unbind(user));
    publish_and_flush(*a, *b, {user}, channel, 2, flush);
    EXPECT_EQ(b->heard.seqs(channel).size(), 1u);
}

TEST_P(MessageBusContract, BindingsMadeBeforeTheStartStandOnceUp) {
    auto a = start_node();
    auto b = make_node();
    const BusKey user = fresh<UserId>();
    b->bus().bind(user);
    b->start();
    ASSERT_TRUE(b->heard.wait_until_up());
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish({user}, head(channel, 1)));
    EXPECT_TRUE(b->heard.wait_for_seq(channel, 1));
}

TEST_P(MessageBusContract, OneKeysMessagesArriveInOrder) {
    auto a = start_node();
    auto b = start_node();
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(b->bind(user));
    const auto channel = fresh<ChannelId>();
    std::vector<Task<Result<void>>> publishing;
    std::vector<Seq> expected;
    for (Seq seq = 1; seq <= 300; ++seq) {
        publishing.push_back(a->bus().publish({user}, head(channel, seq), soon()));
        expected.push_back(seq);
    }
    for (const auto& published : run_tasks(std::move(publishing)))
        EXPECT_TRUE(published);
    ASSERT_TRUE(b->heard.wait_for_seq(channel, 300));
    EXPECT_EQ(b->heard.seqs(channel), expected);
}

TEST_P(MessageBusContract, ControlReachesEveryNodeAndTheOwn) {
    auto a = start_node();
    auto b = start_node();
    const auto node = fresh<NodeId>();
    const auto user = fresh<UserId>();
    a->bus().publish_control(SignedOut{user});
    a->bus().publish_control(AuditAll{node});
    a->bus().publish_control(Goodbye{node});
    a->bus().publish_control(Beat{node, 41, 0xfedcba9876543210ULL});
    for (auto* listener : {&a->heard, &b->heard}) {
        ASSERT_TRUE(listener->wait_for_beat(node, 41));
        EXPECT_EQ(listener->controls<Beat>().back().partition_map_hash, 0xfedcba9876543210ULL);
        EXPECT_EQ(listener->controls<SignedOut>().back().user, user);
        EXPECT_EQ(listener->controls<AuditAll>().back().node, node);
        EXPECT_EQ(listener->controls<Goodbye>().back().node, node);
    }
}

TEST_P(MessageBusContract, AGoodbyeJustBeforeStoppingIsHeard) {
    auto b = start_node();
    const auto node = fresh<NodeId>();
    auto a = start_node();
    a->bus().publish_control(Goodbye{node});
    a->stop();
    b->bus().publish_control(Beat{node, 1, 0});
    ASSERT_TRUE(b->heard.wait_for_beat(node, 1));
    EXPECT_EQ(b->heard.controls<Goodbye>().size(), 1u);
}

TEST_P(MessageBusContract, NothingIsCalledOnceStopped) {
    auto a = start_node();
    auto b = start_node();
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(b->bind(user));
    b->stop();
    const auto calls = b->heard.calls();
    EXPECT_TRUE(a->publish({user}, head(fresh<ChannelId>(), 1)));
    EXPECT_EQ(b->barrier().error(), Errc::unavailable);
    EXPECT_EQ(b->publish({user}, head(fresh<ChannelId>(), 1)).error(), Errc::unavailable);
    EXPECT_EQ(b->heard.calls(), calls);
}

TEST_P(MessageBusContract, WhatTheListenerHasNotHandledWhenStoppedItNeverHears) {
    auto a = make_node();
    a->start_paused();
    a->stop();
    a->run_pending();
    EXPECT_EQ(a->heard.calls(), 0u);
}

TEST_P(MessageBusContract, NodesOfOneBusAgreeOnThePartitions) {
    auto a = make_node();
    auto b = make_node();
    EXPECT_EQ(a->bus().partition_map_hash(), b->bus().partition_map_hash());
}

}  // namespace warren::testing
