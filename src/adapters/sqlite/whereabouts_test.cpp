#include "adapters/sqlite/channel_store.hpp"
#include "adapters/sqlite/sqlite_fixture_test.hpp"

namespace warren::testing {
namespace {

class WhereaboutsTest : public SqliteTest {
protected:
    void SetUp() override { open(options_for(folder())); }

    void put(ChannelId id, std::string name) {
        Channel document;
        document.id = id;
        document.name = std::move(name);
        document.state_seq = 1;
        ASSERT_TRUE(run_task(channels().put_channel(std::move(document), soon())));
    }
    void stay(ChannelId channel, UserId user, Seq from, Seq to) {
        std::vector<MemberRow> rows{{channel, user, from, to, Role::member, from}};
        ASSERT_TRUE(run_task(channels().merge_members(std::move(rows), soon())));
    }
    adapters::sqlite::ChannelStore channels() { return adapters::sqlite::ChannelStore(*database_); }
};

TEST_F(WhereaboutsTest, OneReadSaysWhatTheCallsSay) {
    const auto user = fresh<UserId>();
    const auto here = fresh<ChannelId>(), left = fresh<ChannelId>(), unknown = fresh<ChannelId>();
    put(here, "tea");
    put(left, "coffee");
    ASSERT_TRUE(insert(here, 1));
    ASSERT_TRUE(insert(here, 2));
    ASSERT_TRUE(insert(left, 1));
    stay(here, user, 1, 0);
    stay(here, fresh<UserId>(), 1, 0);
    stay(left, user, 1, 5);
    stay(unknown, user, 1, 0);

    auto store = channels();
    auto entries = this->store();
    const auto one = run_task(store.whereabouts(user, entries, soon())).value();
    const auto several = run_task(store.warren::ChannelStore::whereabouts(user, entries, soon())).value();
    for (const auto& found : {one, several}) {
        ASSERT_EQ(found.rows.size(), 3U);
        ASSERT_EQ(found.channels.size(), 2U);
        EXPECT_EQ(found.channels.at(here).head->seq, 2U);
        EXPECT_EQ(found.channels.at(here).document.name, "tea");
        EXPECT_FALSE(found.channels.at(unknown).head);
        EXPECT_TRUE(found.channels.at(unknown).document.id.is_none());
    }
    for (const auto& found :
         {run_task(store.now({unknown, left, here}, entries, soon())).value(),
          run_task(store.warren::ChannelStore::now({unknown, left, here}, entries, soon())).value()}) {
        ASSERT_EQ(found.size(), 3U);
        EXPECT_FALSE(found[0].head);
        EXPECT_TRUE(found[0].document.id.is_none());
        EXPECT_EQ(found[1].document.name, "coffee");
        EXPECT_EQ(found[2].head->seq, 2U);
    }
    EXPECT_TRUE(run_task(store.whereabouts(fresh<UserId>(), entries, soon())).value().rows.empty());
    const Deadline past{std::chrono::steady_clock::now() - std::chrono::seconds(1)};
    EXPECT_EQ(run_task(store.whereabouts(fresh<UserId>(), entries, past)).error(), Errc::timed_out);
}

TEST_F(WhereaboutsTest, MembersOfManyChannelsAreOneRead) {
    const std::vector<Place> places{
        {fresh<ChannelId>(), 1}, {fresh<ChannelId>(), 1}, {fresh<ChannelId>(), 1}};
    for (const auto& place : places)
        stay(place.channel, fresh<UserId>(), 1, 0);
    const auto before = counted("warren_sqlite_reads_total");
    const auto found = run_task(channels().members_of(places, 9, soon())).value();
    EXPECT_EQ(counted("warren_sqlite_reads_total"), before + 1);
    for (std::size_t i = 0; i < places.size(); ++i)
        EXPECT_EQ(found.at(i).at(0).channel, places[i].channel);
}

TEST_F(WhereaboutsTest, AHeadThatNamesMembersComesWithoutThem) {
    const auto channel = fresh<ChannelId>();
    Entry created = *message(channel, 1);
    ChannelBody body;
    body.members = {{fresh<UserId>(), Role::admin}};
    created.body = body;
    Entry added = *message(channel, 2);
    added.body = MemberBody{MemberOp::added, {{fresh<UserId>(), Role::member}}};
    auto store = channels();
    auto entries = this->store();
    for (auto entry : {created, added}) {
        ASSERT_TRUE(run_task(inserting(std::make_shared<const Entry>(entry), soon())));
        const auto found = run_task(store.now({channel}, entries, soon())).value();
        const auto by_calls = run_task(store.warren::ChannelStore::now({channel}, entries, soon())).value();
        EXPECT_EQ(*run_task(entries.head(channel, soon())).value(), entry);
        entry.body = entry.kind() == EntryKind::member ? EntryBody(MemberBody{}) : EntryBody(ChannelBody{});
        EXPECT_EQ(*found.at(0).head, entry);
        EXPECT_EQ(*by_calls.at(0).head, entry);
    }
    ASSERT_TRUE(insert(channel, 3));
    const auto found = run_task(store.now({channel}, entries, soon())).value();
    EXPECT_EQ(*found.at(0).head, *run_task(entries.head(channel, soon())).value());
}

}  // namespace
}  // namespace warren::testing
