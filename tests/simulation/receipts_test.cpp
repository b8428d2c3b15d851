// Receipts, unread counts and own state over two nodes in virtual time: what is counted, stored and told.
// Long because all of it stands on one fixture, and each test is short.
#include <random>

#include "tests/simulation/two_nodes_test.hpp"

namespace warren::simulation {
namespace {

using chat::OwnState;
using chat::ReceiptKind;
using chat::SettingsChange;

class ReceiptsTest : public TwoNodes {
protected:
    ReceiptsTest() { start(); }

    Result<OwnState> receive(std::size_t node, UserId user, ChannelId channel, ReceiptKind kind, Seq seq) {
        return wait(chat(node).receipts().receive(user, channel, kind, seq));
    }
    Result<OwnState> read(std::size_t node, UserId user, ChannelId channel, Seq seq) {
        return receive(node, user, channel, ReceiptKind::read, seq);
    }
    Result<OwnState> set(std::size_t node, UserId user, ChannelId channel, SettingsChange change) {
        return wait(chat(node).receipts().set(user, channel, change));
    }
    Result<OwnState> mark_unread(std::size_t node, UserId user, ChannelId channel, Seq from) {
        SettingsChange change;
        change.unread_from = from;
        return set(node, user, channel, change);
    }
    chat::ChannelLine line(std::size_t node, UserId user, ChannelId channel) {
        const auto lines = wait(chat(node).list_channels(user, 50, std::nullopt, soon())).value();
        for (const auto& each : lines.lines)
            if (each.channel.id == channel) return each;
        ADD_FAILURE() << "no such channel";
        return {};
    }
    std::uint64_t unread(UserId user, ChannelId channel) {
        const auto here = line(0, user, channel).marks.unread;
        EXPECT_EQ(line(1, user, channel).marks.unread, here) << "the same on every node";
        return here;
    }
    std::string fresh_nonce() { return std::to_string(++nonces_); }
    Result<EntryPtr> remove_message(ChannelId channel, Seq seq) {
        return wait(chat(0).delete_message(person(1), channel, seq, fresh_nonce(), soon()));
    }
    EntryPtr add_member(ChannelId channel, UserId user) {
        return wait(chat(0).add_members(person(1), channel, {user}, fresh_nonce(), soon())).value();
    }
    EntryPtr remove_member(ChannelId channel, UserId user) {
        return wait(chat(0).remove_members(person(1), channel, {user}, fresh_nonce(), soon())).value();
    }
    std::vector<ReceiptNotice> told(const EarPtr& ear) { return ear->told<ReceiptNotice>(); }
    std::vector<UserId> people(std::size_t count) {
        std::vector<UserId> out;
        for (std::size_t i = 1; i <= count; ++i)
            out.push_back(person(i));
        return out;
    }

private:
    int nonces_ = 0;
};

TEST_F(ReceiptsTest, AReceiptIsStoredAndToldToEveryMemberOnBothNodes) {
    const auto channel = group({person(1), person(2), person(3)});
    const auto one = connect(0, person(1));
    const auto phone = connect(0, person(2));
    const auto laptop = connect(1, person(2));
    const auto three = connect(1, person(3));
    const auto stranger = connect(1, person(4));
    const auto message = send(0, person(1), channel);
    const auto own = read(1, person(2), channel, message->seq).value();
    EXPECT_EQ(own.watermark, (Watermark{2, 2, 1}));
    settle();
    const std::vector<ReceiptNotice> expected{{channel, person(2), 2, 2}};
    for (const auto& ear : {one, phone, laptop, three})
        EXPECT_EQ(told(ear), expected);
    EXPECT_TRUE(stranger->notices.empty());
    EXPECT_EQ((store.member_states.at({channel, person(2)}).watermark), (Watermark{2, 2, 1}));
}

TEST_F(ReceiptsTest, WatermarksOnlyGrowAndWhatChangesNothingIsNeitherStoredNorTold) {
    const auto channel = group({person(1), person(2)});
    const auto one = connect(0, person(1));
    for (int i = 0; i < 3; ++i)
        send(0, person(1), channel);
    ASSERT_TRUE(read(1, person(2), channel, 3));
    settle();
    const int stored = store.member_merges;
    const auto before = told(one).size();
    EXPECT_EQ(read(0, person(2), channel, 2).value().watermark, (Watermark{3, 3, 2}));
    EXPECT_EQ(receive(1, person(2), channel, ReceiptKind::delivered, 3).value().watermark.read, 3u);
    settle();
    EXPECT_EQ(store.member_merges, stored);
    EXPECT_EQ(told(one).size(), before);
    EXPECT_EQ(receive(1, person(2), channel, ReceiptKind::delivered, 4).value().watermark,
              (Watermark{4, 3, 2}));
    settle();
    EXPECT_EQ(told(one).back(), (ReceiptNotice{channel, person(2), 4, 0}));
}

TEST_F(ReceiptsTest, OnlyMembersAndOnlyWhatExists) {
    const auto channel = group({person(1), person(2)});
    ChannelId nowhere;
    nowhere.bytes[3] = 7;
    EXPECT_EQ(read(0, person(3), channel, 1).error(), Errc::not_found);
    EXPECT_EQ(read(0, person(1), nowhere, 1).error(), Errc::not_found);
    EXPECT_EQ(mark_unread(0, person(3), channel, 1).error(), Errc::not_found);
    EXPECT_EQ(read(0, person(2), channel, 2).error(), Errc::invalid);
    EXPECT_EQ(mark_unread(0, person(2), channel, 2).error(), Errc::invalid);
    remove(channel, person(2));
    EXPECT_EQ(read(1, person(2), channel, 1).error(), Errc::not_found);
    EXPECT_EQ(store.member_merges, 0);
}

TEST_F(ReceiptsTest, OneThatIsRefusedSpoilsNoOther) {
    const auto channel = group({person(1), person(2)});
    send(0, person(1), channel);
    std::vector<std::optional<Result<OwnState>>> answers(3);
    const Seq seqs[] = {2, 99, 1};
    const auto ask = [](chat::Chat& node, ChannelId where, Seq seq,
                        std::optional<Result<OwnState>>& out) -> Task<void> {
        auto receiving = node.receipts().receive(person(2), where, ReceiptKind::read, seq);
        out.emplace(co_await std::move(receiving));
    };
    for (std::size_t i = 0; i < 3; ++i)
        spawn(world.executor(), "test", ask(chat(0), channel, seqs[i], answers[i]));
    pass(milliseconds(500));
    EXPECT_EQ((*answers[0]).value().watermark.read, 2u);
    EXPECT_EQ((*answers[1]).error(), Errc::invalid);
    EXPECT_EQ((*answers[2]).value().watermark.read, 2u);
}

TEST_F(ReceiptsTest, AThousandInABurstMakeFewWritesAndFewPushes) {
    const auto channel = group({person(1), person(2)});
    const auto one = connect(0, person(1));
    for (int i = 0; i < 20; ++i)
        send(0, person(1), channel);
    int answered = 0;
    const auto ask = [](chat::Chat& node, ChannelId where, Seq seq, int& done) -> Task<void> {
        auto receiving = node.receipts().receive(person(2), where, ReceiptKind::read, seq);
        const auto own = co_await std::move(receiving);
        EXPECT_TRUE(own.has_value());
        ++done;
    };
    const auto batches = [&] {
        return nodes[1]->metrics.counter("warren_receipt_batches_total", "").Value();
    };
    for (int i = 0; i < 1'000; ++i)
        spawn(world.executor(), "test", ask(chat(1), channel, 2 + static_cast<Seq>(i % 20), answered));
    pass(seconds(1));
    EXPECT_EQ(answered, 1'000);
    EXPECT_EQ(store.member_merges, 1);
    EXPECT_EQ(batches(), 1);
    EXPECT_EQ(told(one), (std::vector<ReceiptNotice>{{channel, person(2), 21, 21}}));
}

TEST_F(ReceiptsTest, MoreThanMayWaitAreRefused) {
    const auto channel = group({person(1), person(2)});
    const auto limit = chat(0).environment().limits.receipts_waiting_max;
    struct Counts {
        std::size_t stored = 0;
        std::size_t refused = 0;
    } counts;
    const auto ask = [](chat::Chat& node, ChannelId where, Counts& out) -> Task<void> {
        auto receiving = node.receipts().receive(person(2), where, ReceiptKind::read, 1);
        const auto own = co_await std::move(receiving);
        if (own.has_value()) ++out.stored;
        if (own.has_error() && own.error() == Errc::overloaded) ++out.refused;
    };
    for (std::size_t i = 0; i < limit + 3; ++i)
        spawn(world.executor(), "test", ask(chat(0), channel, counts));
    pass(seconds(1));
    EXPECT_EQ(counts.stored, limit);
    EXPECT_EQ(counts.refused, 3u);
}

TEST_F(ReceiptsTest, AStoreThatIsAwayIsToldAndTriedAgainNext) {
    const auto channel = group({person(1), person(2)});
    store.reachable = false;
    EXPECT_TRUE(read(0, person(2), channel, 1).has_error());
    store.reachable = true;
    EXPECT_TRUE(read(0, person(2), channel, 1));
}

TEST_F(ReceiptsTest, UnreadIsExactWhateverHappens) {
    const auto channel = group({person(1), person(2)});
    for (int i = 0; i < 3; ++i)
        send(0, person(1), channel);
    EXPECT_EQ(unread(person(2), channel), 3u);
    EXPECT_EQ(unread(person(1), channel), 3u) << "one's own messages, until one has read them";
    ASSERT_TRUE(read(1, person(2), channel, 3));
    EXPECT_EQ(unread(person(2), channel), 1u);
    ASSERT_TRUE(wait(chat(0).edit_message(person(1), channel, 4, "hi!", fresh_nonce(), soon())));
    ASSERT_TRUE(remove_message(channel, 4));
    ASSERT_TRUE(wait(chat(0).react(person(1), channel, ReactBody{3, "👍", true}, fresh_nonce(), soon())));
    EXPECT_EQ(unread(person(2), channel), 1u) << "edits, deletions and reactions are no messages";
    send(0, person(1), channel);
    EXPECT_EQ(unread(person(2), channel), 2u);
    ASSERT_TRUE(read(0, person(2), channel, 7));
    EXPECT_EQ(unread(person(2), channel), 1u) << "a receipt may stand at an entry of any kind";
    ASSERT_TRUE(read(0, person(2), channel, 8));
    EXPECT_EQ(unread(person(2), channel), 0u);
    EXPECT_EQ(line(0, person(2), channel).marks.own.read_count, 4u);
}

TEST_F(ReceiptsTest, WhatWasThereBeforeOneCameIsNotUnread) {
    const auto channel = group({person(1), person(2)});
    for (int i = 0; i < 3; ++i)
        send(0, person(1), channel);
    add_member(channel, person(3));
    EXPECT_EQ(unread(person(3), channel), 0u);
    send(0, person(1), channel);
    EXPECT_EQ(unread(person(3), channel), 1u);
    ASSERT_TRUE(read(0, person(3), channel, 2));
    EXPECT_EQ(unread(person(3), channel), 1u) << "reading what was before changes nothing";
    ASSERT_TRUE(read(0, person(2), channel, 6));
    remove_member(channel, person(2));
    send(0, person(1), channel);
    send(0, person(1), channel);
    add_member(channel, person(2));
    EXPECT_EQ(unread(person(2), channel), 0u) << "nor what was written while they were out";
    send(0, person(1), channel);
    EXPECT_EQ(unread(person(2), channel), 1u);
}

/// What is unread, counted one by one.
struct Naive {
    std::vector<bool> is_message{false, false};  ///< By seq, from 0.
    struct Person {
        Seq joined = 1;  ///< 0: not in the channel.
        Seq read = 0;
        Seq mark = 0;
    };
    std::map<UserId, Person> people;

    std::uint64_t unread(UserId user) const {
        const auto& person = people.at(user);
        const Seq read = person.mark != 0 ? person.mark - 1 : person.read;
        const auto from = is_message.begin() + static_cast<std::ptrdiff_t>(std::max(read, person.joined) + 1);
        return from < is_message.end() ? static_cast<std::uint64_t>(std::count(from, is_message.end(), true))
                                       : 0;
    }
};

TEST_F(ReceiptsTest, UnreadIsWhatANaiveModelCounts) {
    const auto channel = group({person(1), person(2), person(3)});
    Naive naive;
    for (const auto& user : people(3))
        naive.people[user] = {};
    std::minstd_rand random(7);
    const auto below = [&](std::size_t bound) { return std::size_t{random() % bound}; };
    for (int step = 0; step < 250; ++step) {
        const auto user = person(1 + below(3));
        auto& who = naive.people[user];
        const Seq seq = 1 + below(naive.is_message.size() - 1);
        const auto what = below(8);
        if (user == person(3) && what == 0) {
            const auto entry = who.joined != 0 ? remove_member(channel, user) : add_member(channel, user);
            who.joined = who.joined != 0 ? 0 : entry->seq;
            naive.is_message.push_back(false);
        } else if (what <= 2) {
            send(0, person(1), channel);
            naive.is_message.push_back(true);
        } else if (what == 3) {
            // Refused where there is no message, or none any more.
            if (remove_message(channel, seq)) naive.is_message.push_back(false);
        } else if (who.joined == 0) {
            EXPECT_TRUE(read(below(2), user, channel, seq).has_error());
        } else if (what == 4) {
            ASSERT_TRUE(mark_unread(below(2), user, channel, seq));
            who.mark = seq;
        } else {
            ASSERT_TRUE(read(below(2), user, channel, seq));
            who.read = std::max(who.read, seq);
            who.mark = 0;
        }
        for (const auto& [each, state] : naive.people) {
            if (state.joined == 0) continue;
            ASSERT_EQ(unread(each, channel), naive.unread(each)) << "step " << step;
        }
    }
}

TEST_F(ReceiptsTest, AMarkMakesUnreadUntilTheNextRead) {
    const auto channel = group({person(1), person(2)});
    const auto phone = connect(0, person(2));
    const auto laptop = connect(1, person(2));
    const auto one = connect(0, person(1));
    for (int i = 0; i < 4; ++i)
        send(0, person(1), channel);
    ASSERT_TRUE(read(0, person(2), channel, 5));
    settle();
    const auto marked = mark_unread(1, person(2), channel, 4).value();
    EXPECT_EQ(marked.settings.unread, (UnreadMark{4, 2}));
    EXPECT_EQ(marked.watermark.read, 5u) << "the watermark stays where it is";
    EXPECT_EQ(marked.read_count, 2u);
    EXPECT_EQ(unread(person(2), channel), 2u);
    settle();
    for (const auto& ear : {phone, laptop}) {
        const auto states = ear->told<StateNotice>();
        ASSERT_EQ(states.size(), 1u);
        EXPECT_EQ(states[0].settings.unread.from, 4u);
        EXPECT_EQ(states[0].read_count, 2u);
    }
    const auto receipts = told(one).size();
    ASSERT_TRUE(read(0, person(2), channel, 5));
    EXPECT_EQ(unread(person(2), channel), 0u);
    settle();
    for (const auto& ear : {phone, laptop}) {
        const auto states = ear->told<StateNotice>();
        ASSERT_EQ(states.size(), 2u);
        EXPECT_EQ(states[1].settings.unread.from, 0u);
        EXPECT_EQ(states[1].read_count, 4u);
        EXPECT_GT(states[1].settings.revision, states[0].settings.revision);
    }
    EXPECT_EQ(told(one).size(), receipts) << "others are told of none of it";
    EXPECT_TRUE(one->told<StateNotice>().empty());
    ASSERT_TRUE(mark_unread(0, person(2), channel, 4));
    EXPECT_EQ(mark_unread(1, person(2), channel, 0).value().settings.unread, UnreadMark{});
    EXPECT_EQ(unread(person(2), channel), 0u);
}

TEST_F(ReceiptsTest, SettingsAreTheSameOnAllDevicesAndNobodyElses) {
    const auto channel = group({person(1), person(2)});
    const auto phone = connect(0, person(2));
    const auto laptop = connect(1, person(2));
    const auto one = connect(0, person(1));
    SettingsChange change;
    change.muted = true;
    change.notify = NotifyLevel::mentions;
    ASSERT_TRUE(set(0, person(2), channel, change));
    SettingsChange more;
    more.pinned = true;
    more.archived = true;
    ASSERT_TRUE(set(1, person(2), channel, more));
    const int stored = store.member_merges;
    ASSERT_TRUE(set(1, person(2), channel, more));
    EXPECT_EQ(store.member_merges, stored) << "nothing changed";
    settle();
    const MemberSettings expected{true, true, true, NotifyLevel::mentions, {}, 2};
    for (const auto& ear : {phone, laptop}) {
        const auto states = ear->told<StateNotice>();
        ASSERT_EQ(states.size(), 2u);
        EXPECT_EQ(states.back().settings, expected);
    }
    EXPECT_TRUE(one->notices.empty());
    for (const std::size_t node : {0u, 1u})
        EXPECT_EQ(line(node, person(2), channel).marks.own.settings, expected);
    EXPECT_EQ(line(0, person(1), channel).marks.own.settings, MemberSettings{});
}

TEST_F(ReceiptsTest, SyncAndTheListShowWatermarksOfAllInASmallChannel) {
    const auto channel = group({person(1), person(2), person(3)});
    const auto one = connect(0, person(1));
    send(0, person(1), channel);
    ASSERT_TRUE(read(1, person(2), channel, 2));
    ASSERT_TRUE(receive(0, person(3), channel, ReceiptKind::delivered, 2));
    using Marks = std::map<UserId, Watermark>;
    const Marks expected{{person(2), {2, 2, 1}}, {person(3), {2, 0, 0}}};
    const auto listed = line(0, person(1), channel).marks.watermarks;
    EXPECT_EQ(Marks(listed.begin(), listed.end()), expected);
    auto bytes_of = [](const Entry&) { return std::size_t{100}; };
    auto answer = wait(chat(0).sync(*one, {{channel, 1}}, bytes_of, soon())).value();
    chat(0).answered(*one);
    const auto& synced = answer.marks.at(channel);
    EXPECT_EQ(Marks(synced.watermarks.begin(), synced.watermarks.end()), expected);
    EXPECT_EQ(synced.unread, 1u);
    auto fresh = wait(chat(0).sync(*one, {}, bytes_of, soon())).value();
    chat(0).answered(*one);
    EXPECT_EQ(fresh.joined.size(), 1u);
    EXPECT_EQ(fresh.marks.at(channel).watermarks.size(), 2u);
    remove_member(channel, person(3));
    EXPECT_EQ(line(0, person(1), channel).marks.watermarks.size(), 1u) << "who left is not shown";
}

TEST_F(ReceiptsTest, ALargeChannelTellsTheReaderAndTheWriterOnly) {
    const auto channel = group(people(33));
    const auto writer = connect(0, person(1));
    const auto phone = connect(0, person(2));
    const auto laptop = connect(1, person(2));
    const auto other = connect(1, person(3));
    const auto message = send(0, person(1), channel);
    ASSERT_TRUE(read(1, person(2), channel, message->seq));
    ASSERT_TRUE(read(1, person(3), channel, message->seq));
    settle();
    const ReceiptNotice two{channel, person(2), 2, 2};
    const ReceiptNotice three{channel, person(3), 2, 2};
    EXPECT_EQ(told(writer), (std::vector<ReceiptNotice>{two, three}));
    EXPECT_EQ(told(phone), (std::vector<ReceiptNotice>{two}));
    EXPECT_EQ(told(laptop), (std::vector<ReceiptNotice>{two}));
    EXPECT_EQ(told(other), (std::vector<ReceiptNotice>{three}));
    const auto marks = line(0, person(2), channel).marks.watermarks;
    ASSERT_EQ(marks.size(), 1u) << "only one's own";
    EXPECT_EQ(marks.front().first, person(2));
}

}  // namespace
}  // namespace warren::simulation
