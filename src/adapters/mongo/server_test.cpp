#include <gtest/gtest.h>

#include "adapters/mongo/database_test.hpp"
#include "adapters/mongo/schema.hpp"

namespace warren::adapters::mongo::testing {
namespace {

using namespace std::chrono_literals;
using warren::testing::run_task;

TEST(Schema, IsPreparedBySeveralNodesAtOnceAndAgain) {
    WARREN_REQUIRE_SERVER(warren::testing::ServerKind::mongodb);
    TestDatabase database(warren::testing::RealServer::mongodb().url());
    std::vector<Task<Result<void>>> nodes;
    for (int i = 0; i < 3; ++i)
        nodes.push_back(database->prepare(soon()));
    for (const auto& result : warren::testing::run_tasks(std::move(nodes)))
        EXPECT_TRUE(result);
    EXPECT_TRUE(run_task(database->check(soon())));
    EXPECT_TRUE(database->health().ok);
}

TEST(Schema, GivesWordsToWhatAnOlderWarrenStored) {
    WARREN_REQUIRE_SERVER(warren::testing::ServerKind::mongodb);
    TestDatabase database(warren::testing::RealServer::mongodb().url());
    EntryStore store(*database);
    const auto channel = id_of<ChannelId>(1);
    std::vector<EntryPtr> run;
    for (const auto* text : {"tea", "milk", "...", ""})
        run.push_back(message(channel, run.size() + 1, text));
    auto edit = std::make_shared<Entry>(*message(channel, 5));
    edit->body = EditBody{2, "more tea", false};
    run.push_back(std::move(edit));
    ASSERT_TRUE(run_task(store.insert(std::move(run), {}, soon())));
    const auto make_old = [](Call& call) -> Result<void> {
        Document fields;
        fields.add("words", "").add("wordsAt", "").add("wordsSeq", "");
        std::vector<Update> forgetting(5);
        for (Seq seq = 1; seq <= forgetting.size(); ++seq) {
            forgetting[seq - 1].filter.add("channelId", id_of<ChannelId>(1)).add("seq", seq);
            forgetting[seq - 1].change.add("$unset", fields);
        }
        WARREN_TRY_VOID(call.update(kEntries, forgetting));
        Document older;
        older.add("version", std::int32_t{1});
        std::vector<Update> ageing(1);
        ageing[0].filter.add("_id", "schema");
        ageing[0].change.add("$set", older);
        WARREN_TRY_VOID(call.update(kMeta, ageing));
        return {};
    };
    ASSERT_TRUE(run_task(database->run(soon(), make_old)));
    const auto find = [&] {
        words::Needles needles{{"tea"}, ""};
        auto searching = store.search({channel}, std::move(needles), std::nullopt, 10, soon());
        return run_task(std::move(searching)).value().hits.size();
    };
    ASSERT_EQ(find(), 0U);
    ASSERT_TRUE(run_task(database->prepare(soon())));
    EXPECT_EQ(find(), 2U);
}

TEST(Heads, OfManyChannelsAreFollowedFromWhatIsKnown) {
    WARREN_REQUIRE_SERVER(warren::testing::ServerKind::mongodb);
    EntryStore here(shared_database());
    EntryStore there(shared_database());
    std::vector<ChannelId> channels;
    std::vector<Seq> expected;
    IdMaker maker(0x77, static_cast<std::uint32_t>(::getpid()));
    const WallTime now(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    const auto insert = [](EntryStore& store, ChannelId channel, Seq from, Seq to) {
        std::vector<EntryPtr> run;
        for (Seq seq = from; seq <= to; ++seq)
            run.push_back(message(channel, seq));
        ASSERT_TRUE(run_task(store.insert(std::move(run), {}, soon())));
    };
    for (int i = 0; i < 24; ++i) {
        channels.push_back(maker.make<ChannelId>(now));
        insert(here, channels.back(), 1, 1);
        // Another node writes on: not at all, within the bucket, up to its end, beyond it.
        static constexpr std::array<Seq, 4> kTo{1, 90, 128, 140};
        const auto to = kTo[static_cast<std::size_t>(i) % 4];
        if (to > 1) insert(there, channels.back(), 2, std::min<Seq>(to, 100));
        if (to > 100) insert(there, channels.back(), 101, std::min<Seq>(to, 128));
        if (to > 128) insert(there, channels.back(), 129, to);
        expected.push_back(to);
    }
    const auto heads = run_task(here.heads(channels, soon())).value();
    for (std::size_t i = 0; i < heads.size(); ++i) {
        EXPECT_EQ(heads[i]->channel, channels[i]);
        EXPECT_EQ(heads[i]->seq, expected[i]);
        EXPECT_EQ(run_task(here.head(channels[i], soon())).value()->seq, expected[i]);
    }
}

TEST(Restart, CallsFailMeanwhileAndThenWorkAgain) {
    WARREN_REQUIRE_SERVER(warren::testing::ServerKind::mongodb);
    warren::testing::RealServer server(warren::testing::ServerKind::mongodb);
    Options options;
    options.url = server.url();
    options.database = warren::testing::unique_name("warren_test");
    options.selection_max = 500ms;
    const auto database = connect(options).value();
    ASSERT_TRUE(run_task(database->prepare(soon())));
    EntryStore store(*database);
    const auto channel = id_of<ChannelId>(9);
    ASSERT_TRUE(run_task(store.insert({message(channel, 1)}, {}, soon())));

    server.kill();
    EXPECT_EQ(code_of(run_task(store.insert({message(channel, 2)}, {}, in(5s)))), Errc::unavailable);
    EXPECT_EQ(run_task(store.head(channel, in(5s))).error(), Errc::unavailable);
    EXPECT_FALSE(database->health().ok);

    server.start();
    const auto noticed = [&] { return database->health().ok; };
    EXPECT_TRUE(warren::testing::wait_until(noticed, 30s)) << "without being asked anything";
    const auto works = [&] { return run_task(store.head(channel, in(5s))).has_value(); };
    ASSERT_TRUE(warren::testing::wait_until(works, 30s));
    EXPECT_EQ(run_task(store.head(channel, soon())).value()->seq, 1u);
    EXPECT_TRUE(run_task(store.insert({message(channel, 2)}, {}, soon())));
}

TEST(Sessions, OfOnePersonThatHaveExpiredGoWithTheNextSignIn) {
    WARREN_REQUIRE_SERVER(warren::testing::ServerKind::mongodb);
    UserStore store(shared_database());
    const auto session = [](std::uint8_t hash, std::uint8_t user, int created, int expires) {
        Session out;
        out.token_hash.fill(hash);
        out.socket_token_hash.fill(static_cast<std::uint8_t>(hash + 100));
        out.user = id_of<UserId>(user);
        out.created_at = WallTime(std::chrono::seconds(created));
        out.expires_at = WallTime(std::chrono::seconds(expires));
        return out;
    };
    const auto expired = session(1, 90, 10, 20);
    const auto others = session(2, 91, 10, 20);
    const auto valid = session(3, 90, 15, 99);
    const auto next = session(4, 90, 20, 50);
    for (const auto& made : {expired, others, valid, next})
        ASSERT_TRUE(run_task(store.put_session(made, soon())));
    EXPECT_FALSE(run_task(store.session_by_token(expired.token_hash, soon())).value());
    for (const auto& kept : {others, valid, next})
        EXPECT_TRUE(run_task(store.session_by_token(kept.token_hash, soon())).value());
}

TEST(RealPassword, IsRefusedByTheRealServer) {
    WARREN_REQUIRE_SERVER(warren::testing::ServerKind::mongodb);
    auto url = warren::testing::RealServer::mongodb().url();
    if (url.find('@') != std::string::npos)
        GTEST_SKIP() << "the server given has a user of its own in its URL";
    url.replace(0, std::string("mongodb://").size(), "mongodb://nobody:wrong@");
    const auto database = connect_to(url);
    const auto result = run_task(database->check(soon()));
    EXPECT_EQ(code_of(result), Errc::unauthenticated);
}

}  // namespace
}  // namespace warren::adapters::mongo::testing
