#include "adapters/sqlite/recent.hpp"

#include "adapters/sqlite/channel_store.hpp"
#include "adapters/sqlite/sqlite_fixture_test.hpp"

namespace warren::testing {
namespace {

using adapters::sqlite::Changes;
using adapters::sqlite::Recent;

class RecentTest : public SqliteTest {
protected:
    ChannelNow channel(Seq head) { return {message(tea, head), {}}; }
    std::optional<Seq> head_kept() {
        const auto found = recent.channels({tea}).front();
        return found ? std::optional(found->head->seq) : std::nullopt;
    }
    MemberRow row() const { return {tea, alice, 1, 0, Role::member, 1}; }

    const ChannelId tea = fresh<ChannelId>();
    const UserId alice = fresh<UserId>();
    const Changes changes{{tea}, {alice}};
    Recent recent{metrics_};
};

TEST_F(RecentTest, GivesWhatWasReadUntilItIsChanged) {
    EXPECT_EQ(head_kept(), std::nullopt);
    recent.keep(recent.moment(), tea, channel(1));
    EXPECT_EQ(head_kept(), 1U);
    recent.begin(changes);
    EXPECT_EQ(head_kept(), std::nullopt);
    recent.end(changes);
    EXPECT_EQ(head_kept(), std::nullopt);
    recent.keep(recent.moment(), tea, channel(2));
    EXPECT_EQ(head_kept(), 2U);
}

TEST_F(RecentTest, WhatWasReadBeforeOrDuringACommitIsNotKeptAfterItBegan) {
    const auto before = recent.moment();
    recent.begin(changes);
    const auto during = recent.moment();
    recent.keep(during, tea, channel(1));
    EXPECT_EQ(head_kept(), std::nullopt) << "the read may have seen either state";
    recent.end(changes);
    for (const auto moment : {before, during}) {
        recent.keep(moment, tea, channel(1));
        recent.keep(moment, alice, {row()});
        EXPECT_EQ(head_kept(), std::nullopt);
        EXPECT_FALSE(recent.whereabouts(alice));
    }
}

TEST_F(RecentTest, ACommitOfOthersDisturbsNobody) {
    const auto before = recent.moment();
    const Changes others{{fresh<ChannelId>()}, {fresh<UserId>()}};
    recent.begin(others);
    recent.end(others);
    recent.keep(before, tea, channel(1));
    EXPECT_EQ(head_kept(), 1U);
}

TEST_F(RecentTest, KnowsWhereSomebodyIsOnlyWithAllOfTheirChannels) {
    auto ended = row();
    ended.channel = fresh<ChannelId>();
    ended.to = 2;
    recent.keep(recent.moment(), alice, {row(), ended});
    EXPECT_FALSE(recent.whereabouts(alice));
    recent.keep(recent.moment(), tea, channel(3));
    const auto found = recent.whereabouts(alice);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->rows.size(), 2U);
    ASSERT_EQ(found->channels.size(), 1U);
    EXPECT_EQ(found->channels.at(tea).head->seq, 3U);
    recent.begin({{tea}, {}});
    EXPECT_FALSE(recent.whereabouts(alice));
}

TEST_F(RecentTest, ChannelsGoWithRowsOnlyWhereTheRowsAreStillSo) {
    const auto moment = recent.moment();
    recent.keep(moment, tea, channel(1));
    EXPECT_EQ(recent.channels_of(moment, alice, {row()}).size(), 1U);
    const Changes of_rows{{}, {alice}};
    recent.begin(of_rows);
    EXPECT_TRUE(recent.channels_of(moment, alice, {row()}).empty());
    recent.end(of_rows);
    EXPECT_TRUE(recent.channels_of(moment, alice, {row()}).empty());
    EXPECT_EQ(recent.channels_of(recent.moment(), alice, {row()}).size(), 1U);
}

TEST_F(RecentTest, WhatIsLargeIsNotKept) {
    recent.keep(recent.moment(), tea, {message(tea, 1, std::string(5'000, 'x')), {}});
    EXPECT_EQ(head_kept(), std::nullopt);
    recent.keep(recent.moment(), alice, std::vector<MemberRow>(101));
    EXPECT_FALSE(recent.whereabouts(alice));
}

TEST_F(RecentTest, WhatIsNotUsedIsGivenUp) {
    recent.keep(recent.moment(), tea, channel(1));
    recent.give_memory_back();
    EXPECT_EQ(head_kept(), 1U);
    recent.give_memory_back();
    EXPECT_EQ(head_kept(), 1U) << "it was used in between";
    recent.give_memory_back();
    recent.give_memory_back();
    EXPECT_EQ(head_kept(), std::nullopt);
}

/// Each write that changes what is kept says so: what was read right before it is not given afterwards.
TEST_F(RecentTest, EveryWriteIsSeenByWhoReadBefore) {
    open(options_for(folder()));
    adapters::sqlite::ChannelStore channels(*database_);
    auto entries = store();
    const auto asked = [&] { return run_task(channels.now({tea}, entries, soon())).value().front(); };
    const auto rows = [&] { return run_task(channels.whereabouts(alice, entries, soon())).value().rows; };
    Channel document;
    document.id = tea;
    document.state_seq = 1;
    EXPECT_TRUE(asked().document.id.is_none());
    ASSERT_TRUE(run_task(channels.put_channel(document, soon())));
    EXPECT_EQ(asked().document.state_seq, 1U);
    ASSERT_TRUE(run_task(channels.raise_start(tea, {1, 0, 1}, soon())));
    ASSERT_TRUE(run_task(channels.raise_start(tea, {129, 7, 1}, soon())));
    EXPECT_EQ(asked().document.start.first_seq, 129U);
    const RetentionPolicy policy{std::chrono::hours(1), 0};
    ASSERT_TRUE(run_task(channels.set_retention(tea, policy, soon())));
    EXPECT_EQ(asked().document.retention, policy);
    ASSERT_TRUE(insert(tea, 1));
    EXPECT_EQ(asked().head->seq, 1U);
    ASSERT_TRUE(run_task(entries.remove_bucket(tea, bucket_of(1), soon())));
    EXPECT_EQ(asked().head, nullptr);
    EXPECT_TRUE(rows().empty());
    ASSERT_TRUE(run_task(channels.merge_members({row()}, soon())));
    EXPECT_EQ(rows().size(), 1U);
    auto ended = row();
    ended.to = 2;
    ASSERT_TRUE(run_task(channels.merge_members({ended}, soon())));
    EXPECT_EQ(rows().at(0).to, 2U);
}

TEST_F(RecentTest, ABlankedHeadIsGivenBlanked) {
    open(options_for(folder()));
    adapters::sqlite::ChannelStore channels(*database_);
    auto entries = store();
    const auto asked = [&] { return *run_task(channels.now({tea}, entries, soon())).value().front().head; };
    const auto said = message(tea, 1, "a secret");
    ASSERT_TRUE(run_task(inserting(said, soon())));
    EXPECT_EQ(asked(), *said);
    Entry bare = *said;
    bare.body = blanked(said->body);
    ASSERT_TRUE(run_task(entries.blank({std::make_shared<const Entry>(bare)}, soon())));
    EXPECT_EQ(asked(), bare);
}

/// Whoever heard that a write is done sees it, however many read and write meanwhile.
TEST_F(RecentTest, NobodyIsGivenWhatWasReplaced) {
    open(options_for(folder()));
    std::atomic<bool> done = false;
    const auto ask = [&] {
        adapters::sqlite::ChannelStore channels(*database_);
        auto entries = store();
        return run_task(channels.now({tea}, entries, soon())).value().front();
    };
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            Seq seen = 0;
            while (!done) {
                const auto head = ask().head;
                EXPECT_GE(head ? head->seq : 0, seen);
                if (head) seen = head->seq;
            }
        });
    for (Seq seq = 1; seq <= 200; ++seq) {
        ASSERT_TRUE(insert(tea, seq));
        ASSERT_EQ(ask().head->seq, seq);
        ASSERT_EQ(ask().head->seq, seq);
    }
    done = true;
    for (auto& reader : readers)
        reader.join();
}

}  // namespace
}  // namespace warren::testing
