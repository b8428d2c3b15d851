// What retention does to a channel, as its people and two nodes see it.
#include <gmock/gmock.h>

#include "tests/simulation/two_nodes_test.hpp"

namespace warren::simulation {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Seq kSecondBucket = first_seq_of(1);
constexpr Seq kThirdBucket = first_seq_of(2);

class RetentionTest : public TwoNodes {
protected:
    void start_with(RetentionPolicy retention) {
        chat::Limits limits;
        limits.retention = retention;
        limits.retention_min_age = minutes(1);
        limits.retention_sweep_every = seconds(10);
        start(limits);
    }
    /// Writes until the channel's head is `head`.
    void fill(std::size_t node, ChannelId channel, Seq head) {
        const auto before = set.head(channel, set.committed())->seq;
        std::vector<std::optional<Result<EntryPtr>>> sent(head - before);
        for (std::size_t i = 0; i < sent.size(); ++i) {
            chat::MessageDraft draft;
            draft.body.text = "message " + std::to_string(before + i + 1);
            draft.nonce = std::to_string(before + i + 1);
            spawn(world.executor(), "test",
                  keep(chat(node).send_message(person(1), channel, std::move(draft), soon()), sent[i]));
        }
        pass(seconds(3));
        for (const auto& each : sent)
            ASSERT_TRUE(each && *each);
        ASSERT_EQ(set.head(channel, set.committed())->seq, head);
    }
    Seq first_stored(ChannelId channel) {
        return set.range(channel, 1, UINT64_MAX, 1, set.committed()).front()->seq;
    }
    LogStart start_of(ChannelId channel) { return set.channel(channel, set.committed())->start; }
    chat::HistoryPage history(std::size_t node, UserId user, ChannelId channel, Seq after = 0) {
        const chat::HistoryQuery query{chat::HistoryQuery::From::after, after, 100};
        return *wait(chat(node).history(user, channel, query, soon())).value();
    }
    chat::SyncAnswer sync(std::size_t node, const EarPtr& ear, std::unordered_map<ChannelId, Seq> known) {
        auto bytes_of = [](const Entry&) { return std::size_t{100}; };
        auto answer = wait(chat(node).sync(*ear, std::move(known), std::move(bytes_of), soon())).value();
        chat(node).answered(*ear);
        return answer;
    }
    std::size_t found(std::size_t node, UserId user, std::string query) {
        chat::SearchRequest request;
        request.query = std::move(query);
        auto bytes_of = [](const chat::FoldedMessage&) { return std::size_t{100}; };
        return wait(chat(node).search(user, request, std::move(bytes_of), soon())).value().messages.size();
    }
    chat::ChannelLine line(std::size_t node, UserId user) {
        return wait(chat(node).list_channels(user, 10, std::nullopt, soon())).value().lines.at(0);
    }
};

TEST_F(RetentionTest, IsOffUnlessAskedFor) {
    start_with({});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, 700);
    pass(std::chrono::hours(1));
    EXPECT_EQ(first_stored(channel), 1u);
    EXPECT_EQ(start_of(channel), LogStart{});
}

TEST_F(RetentionTest, FullBucketsGoOnceAllOfThemIsOldButForTheNewestTwo) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, kSecondBucket + 3);
    pass(minutes(5));
    fill(0, channel, 600);
    pass(minutes(6));
    // The first bucket is older than ten minutes; what is in the second came five minutes later.
    EXPECT_EQ(first_stored(channel), kSecondBucket);
    EXPECT_EQ(start_of(channel), (LogStart{kSecondBucket, 127, kSecondBucket}));
    pass(std::chrono::hours(1));
    EXPECT_EQ(first_stored(channel), first_seq_of(3)) << "600 is in the fifth, and two stay";
    fill(1, channel, last_seq_of(4));
    pass(std::chrono::hours(1));
    EXPECT_EQ(first_stored(channel), first_seq_of(3)) << "the newest is full, and has no successor";
}

TEST_F(RetentionTest, SoManyMessagesStay) {
    start_with({minutes(0), 300});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, last_seq_of(0) + 299);
    pass(minutes(5));
    EXPECT_EQ(first_stored(channel), 1u);
    fill(0, channel, last_seq_of(0) + 300);
    pass(seconds(15));
    EXPECT_EQ(first_stored(channel), kSecondBucket) << "what is before is old enough, and 300 come after";
    const auto fresh = group({person(1), person(2)});
    fill(0, fresh, last_seq_of(5));
    pass(seconds(20));
    EXPECT_EQ(first_stored(fresh), 1u) << "nothing goes that is younger than a minute";
    pass(minutes(2));
    EXPECT_EQ(first_stored(fresh), first_seq_of(3)) << "256 come after the fourth";
}

TEST_F(RetentionTest, AChannelsOwnHoldsInPlaceOfTheDefault) {
    start_with({minutes(10), 0});
    const auto kept = group({person(1)});
    const auto shorter = group({person(1)});
    for (const auto& channel : {kept, shorter})
        fill(0, channel, 600);
    ASSERT_TRUE(wait(nodes[0]->channels.set_retention(kept, RetentionPolicy{}, soon())));
    ASSERT_TRUE(wait(nodes[0]->channels.set_retention(shorter, RetentionPolicy{minutes(0), 150}, soon())));
    pass(minutes(3));
    EXPECT_EQ(first_stored(shorter), first_seq_of(3));
    pass(minutes(20));
    EXPECT_EQ(first_stored(kept), 1u);
    ASSERT_TRUE(wait(nodes[0]->channels.set_retention(kept, std::nullopt, soon())));
    pass(minutes(1));
    EXPECT_EQ(first_stored(kept), first_seq_of(3));
}

TEST_F(RetentionTest, EveryAnswerBeginsWhereTheLogDoes) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, 400);
    ASSERT_EQ(found(1, person(2), "\"message 200\""), 1u);
    pass(minutes(20));
    for (const std::size_t node : {0u, 1u}) {
        const auto page = history(node, person(2), channel);
        EXPECT_EQ(page.first_seq, kThirdBucket);
        EXPECT_EQ(page.from, kThirdBucket);
        EXPECT_EQ(page.messages.front().entry->seq, kThirdBucket);
        const chat::HistoryQuery before{chat::HistoryQuery::From::before, kThirdBucket, 10};
        const auto end = *wait(chat(node).history(person(2), channel, before, soon())).value();
        EXPECT_THAT(end.messages, IsEmpty());
        EXPECT_FALSE(end.limited);

        const auto ear = connect(node, person(2));
        for (const Seq known : {Seq{0}, Seq{100}, kThirdBucket - 1}) {
            const auto synced = sync(node, ear, {{channel, known}}).channels.at(channel);
            EXPECT_EQ(synced.first_seq, kThirdBucket);
            EXPECT_FALSE(synced.limited);
            ASSERT_EQ(synced.entries.size(), 400 - kThirdBucket + 1);
            EXPECT_EQ(synced.entries.front()->seq, kThirdBucket);
        }
        EXPECT_EQ(sync(node, ear, {{channel, 399}}).channels.at(channel).entries.size(), 1u);
        disconnect(node, ear);
        EXPECT_EQ(found(node, person(2), "\"message 200\""), 0u);
        EXPECT_EQ(found(node, person(2), "\"message 300\""), 1u);
    }
}

TEST_F(RetentionTest, WhatIsGoneIsNotUnread) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, 400);
    EXPECT_EQ(line(0, person(2)).marks.unread, 399u);
    const auto reading = [&](Seq seq) {
        return wait(chat(1).receipts().receive(person(2), channel, chat::ReceiptKind::read, seq));
    };
    EXPECT_EQ(reading(100).value().read_count, 99u);
    pass(minutes(20));
    EXPECT_EQ(line(0, person(2)).marks.unread, 400 - kThirdBucket + 1);
    EXPECT_EQ(line(1, person(1)).marks.unread, 400 - kThirdBucket + 1) << "who never read anything";
    EXPECT_EQ(reading(101).error(), Errc::invalid) << "like a seq that is not there";
    const auto delivered =
        wait(chat(1).receipts().receive(person(2), channel, chat::ReceiptKind::delivered, 300)).value();
    EXPECT_EQ(delivered.read_count, kThirdBucket - 2) << "so that count - readCount is what is unread";
    EXPECT_EQ(reading(399).value().read_count, 398u);
    EXPECT_EQ(line(0, person(2)).marks.unread, 1u);
}

TEST_F(RetentionTest, WhatNamesAMessageThatIsGoneIsRefusedAndWhatWasSaidOfItIsHarmless) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, 399);
    ASSERT_TRUE(wait(chat(0).edit_message(person(1), channel, 10, "late words", "late edit", soon())));
    pass(minutes(20));
    ASSERT_EQ(first_stored(channel), kThirdBucket);
    for (const std::size_t node : {0u, 1u}) {
        EXPECT_EQ(wait(chat(node).edit_message(person(1), channel, 10, "x", {}, soon())).error(),
                  Errc::not_found);
        EXPECT_EQ(wait(chat(node).delete_message(person(1), channel, 10, {}, soon())).error(),
                  Errc::not_found);
        EXPECT_EQ(
            wait(chat(node).react(person(2), channel, ReactBody{10, "\xF0\x9F\x91\x8D", true}, {}, soon()))
                .error(),
            Errc::not_found);
        chat::MessageDraft reply;
        reply.body.text = "what?";
        reply.body.reply_to = 10;
        EXPECT_EQ(wait(chat(node).send_message(person(1), channel, reply, soon())).error(), Errc::invalid);
        EXPECT_EQ(found(node, person(2), "late"), 0u);
        EXPECT_EQ(history(node, person(2), channel, 350).messages.size(), 49u);
        const auto ear = connect(node, person(2));
        const auto edit = sync(node, ear, {{channel, 399}}).channels.at(channel).entries.back();
        EXPECT_EQ(edit->target(), 10u);
        EXPECT_TRUE(is_blanked(edit->body)) << "what was said anew of it is not shown either";
        disconnect(node, ear);
    }
}

TEST_F(RetentionTest, AChannelOfWhichOnlyOtherEntriesAreLeftHasNoNewestMessage) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    send(0, person(1), channel);
    // Nobody reacts on and off so often, but members come and go.
    for (Seq seq = 3; seq <= 400; ++seq) {
        const std::string name = "tea " + std::to_string(seq);
        ASSERT_TRUE(wait(chat(0).update_group(person(1), channel, {name, {}, {}}, {}, soon())));
    }
    EXPECT_TRUE(line(0, person(2)).newest);
    pass(minutes(20));
    EXPECT_FALSE(line(0, person(2)).newest);
    EXPECT_EQ(line(0, person(2)).marks.unread, 0u);
    EXPECT_EQ(line(1, person(2)).channel.name, "tea 400");
}

TEST_F(RetentionTest, WhoIsInAChannelIsKnownWithoutTheEntriesThatLetThemIn) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2), person(3)});
    ASSERT_TRUE(wait(chat(0).add_members(person(1), channel, {person(4)}, {}, soon())));
    ASSERT_TRUE(wait(chat(0).set_role(person(1), channel, person(2), Role::admin, {}, soon())));
    remove(channel, person(3));
    fill(0, channel, 400);
    pass(minutes(20));
    ASSERT_EQ(first_stored(channel), kThirdBucket);
    // A node that knows nothing yet.
    nodes.push_back(std::make_unique<SimNode>(world, store, faults, broker, chat::Limits{}, 3));
    nodes.back()->chat.start();
    pass(seconds(3));
    const auto members = wait(chat(2).members(person(4), channel, {}, 100, soon())).value();
    std::vector<std::pair<UserId, Role>> listed;
    for (const auto& member : members.members)
        listed.emplace_back(member.user->id, member.role);
    EXPECT_THAT(listed, ElementsAre(std::pair(person(1), Role::admin), std::pair(person(2), Role::admin),
                                    std::pair(person(4), Role::member)));
    EXPECT_EQ(wait(chat(2).members(person(3), channel, {}, 100, soon())).error(), Errc::not_found);
    ASSERT_TRUE(wait(chat(2).leave_group(person(1), channel, "leaves", soon())));
    EXPECT_EQ(wait(chat(0).members(person(2), channel, {}, 100, soon())).value().total, 2u);
}

TEST_F(RetentionTest, WhatIsMadeOnceIsFoundThoughItsEntryIsGone) {
    start_with({minutes(10), 0});
    const auto pair = wait(chat(0).open_pair(person(1), person(2), soon())).value().channel;
    chat::GroupDraft draft;
    draft.name = "tea";
    draft.nonce = "once";
    const auto made = wait(chat(0).create_group(person(1), draft, soon())).value().channel;
    for (const auto& channel : {pair, made})
        fill(0, channel, 400);
    pass(minutes(20));
    const auto again = wait(chat(1).open_pair(person(2), person(1), soon())).value();
    EXPECT_EQ(again.channel, pair);
    EXPECT_TRUE(again.existed);
    const auto group_again = wait(chat(1).create_group(person(1), draft, soon())).value();
    EXPECT_EQ(group_again.channel, made);
    EXPECT_TRUE(group_again.existed);
    // A nonce is remembered as long as its entry.
    chat::MessageDraft repeated;
    repeated.body.text = "message 300";
    repeated.nonce = "300";
    EXPECT_EQ(wait(chat(1).send_message(person(1), pair, repeated, soon())).value()->seq, 300u);
    repeated.body.text = "message 100";
    repeated.nonce = "100";
    EXPECT_EQ(wait(chat(1).send_message(person(1), pair, repeated, soon())).value()->seq, 401u);
}

TEST_F(RetentionTest, ANonceFromBeforeTheBeginningIsForgottenThoughItsEntryIsStillThere) {
    start_with({std::chrono::hours(10), 0});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, 400);
    pass(minutes(5));
    (void)set.raise_start(channel, {kSecondBucket, 127, 1});
    set.commit_all();
    chat::MessageDraft repeated;
    repeated.body.text = "message 100";
    repeated.nonce = "100";
    std::optional<Result<EntryPtr>> sent;
    spawn(world.executor(), "test", keep(chat(0).send_message(person(1), channel, repeated, soon()), sent));
    while (!sent)
        pass(Span(1000));
    ASSERT_TRUE(set.entry(channel, 100, set.committed())) << "no sweep came in between";
    EXPECT_EQ(sent->value()->seq, 401u);
}

TEST_F(RetentionTest, ANodeThatHeardNothingForLongWritesAtTheEnd) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    fill(1, channel, 100);
    nodes[1]->bus.disconnect();
    fill(0, channel, 400);
    pass(minutes(20));
    ASSERT_EQ(first_stored(channel), kThirdBucket);
    EXPECT_EQ(send(1, person(2), channel)->seq, 401u) << "though it may still take 100 for the newest";
    EXPECT_EQ(first_stored(channel), kThirdBucket);
}

TEST_F(RetentionTest, ANodeThatStoodStillBeforeItsInsertDoesNotTakeItForDone) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    fill(1, channel, 100);
    std::optional<Result<EntryPtr>> sent;
    chat::MessageDraft draft;
    draft.body.text = "at last";
    draft.nonce = "at last";
    auto& process = nodes[1]->process;
    const auto reads = process.work.reads;
    const Deadline patient{world.now() + std::chrono::hours(2)};
    spawn(world.executor(), "test", keep(chat(1).send_message(person(2), channel, draft, patient), sent));
    // It knows the head, and asks for the nonce; the insert comes after that.
    while (process.work.reads == reads)
        pass(Span(50));
    world.pause(process);
    fill(0, channel, 400);
    pass(minutes(30));
    ASSERT_EQ(first_stored(channel), kThirdBucket);
    world.resume(process);
    pass(seconds(20));
    ASSERT_TRUE(sent && *sent);
    EXPECT_EQ((*sent).value()->seq, 401u);
    const auto stored = set.entry(channel, 401, set.committed());
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->nonce, "at last");
    EXPECT_EQ(first_stored(channel), kThirdBucket) << "and what it left in between is gone";
}

TEST_F(RetentionTest, ConnectionsOfANodeThatStoodStillAskForWhatIsLeft) {
    start_with({minutes(10), 0});
    const auto channel = group({person(1), person(2)});
    const auto synced = connect(1, person(2));
    sync(1, synced, {});
    const auto plain = connect(1, person(2));
    fill(0, channel, 50);
    ASSERT_EQ(synced->pushes.size(), 49u);
    world.pause(nodes[1]->process);
    nodes[1]->bus.disconnect();
    fill(0, channel, 400);
    pass(minutes(30));
    ASSERT_EQ(first_stored(channel), kThirdBucket);
    world.resume(nodes[1]->process);
    pass(seconds(10));
    EXPECT_EQ(synced->resyncs, 1);
    EXPECT_EQ(plain->reconnects, 1);
    EXPECT_EQ(sync(1, synced, {{channel, 50}}).channels.at(channel).entries.front()->seq, kThirdBucket);
    const auto before = synced->pushes.size();
    send(0, person(1), channel);
    pass(seconds(5));
    ASSERT_EQ(synced->pushes.size(), before + 1);
    EXPECT_EQ(synced->pushes.back()->entry->seq, 401u);
}

TEST_F(RetentionTest, WhatANodeBeganAnotherFinishes) {
    start_with({});
    const auto channel = group({person(1), person(2)});
    fill(0, channel, 400);
    nodes[0]->process.on_done = [this, channel] {
        if (start_of(channel).first_seq != 1) kill(0);
    };
    ASSERT_TRUE(wait(nodes[1]->channels.set_retention(channel, RetentionPolicy{minutes(10), 0}, soon())));
    world.pause(nodes[1]->process);
    pass(minutes(20));
    ASSERT_EQ(start_of(channel), (LogStart{kThirdBucket, kThirdBucket - 2, 1})) << "and no further";
    ASSERT_EQ(first_stored(channel), 1u);
    world.resume(nodes[1]->process);
    EXPECT_EQ(history(1, person(2), channel).messages.front().entry->seq, kThirdBucket);
    pass(minutes(1));
    EXPECT_EQ(first_stored(channel), kThirdBucket);
    EXPECT_EQ(start_of(channel), (LogStart{kThirdBucket, kThirdBucket - 2, kThirdBucket}));
}

TEST_F(RetentionTest, ManyNodesAtOnceDoNoHarm) {
    start_with({minutes(10), 0});
    std::vector<ChannelId> channels;
    for (int i = 0; i < 5; ++i) {
        channels.push_back(group({person(1), person(2)}));
        fill(0, channels.back(), 400);
    }
    faults.reply_lost = faults.refused = faults.slow = 0.1;
    pass(minutes(30));
    faults = {};
    pass(minutes(1));
    for (const auto& channel : channels) {
        EXPECT_EQ(first_stored(channel), kThirdBucket);
        EXPECT_EQ(start_of(channel), (LogStart{kThirdBucket, kThirdBucket - 2, kThirdBucket}));
        EXPECT_EQ(set.range(channel, 1, UINT64_MAX, 1'000, set.committed()).size(), 400 - kThirdBucket + 1);
    }
}

}  // namespace
}  // namespace warren::simulation
