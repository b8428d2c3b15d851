#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <map>

#include "adapters/mongo/database_test.hpp"
#include "adapters/mongo/fake_mongodb_test.hpp"

namespace warren::adapters::mongo::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using warren::testing::run_task;
using Command = FakeMongodb::Command;

Errc inserting(FakeMongodb& server, std::chrono::milliseconds limit = 10s) {
    const auto database = connect_to(server.url());
    EntryStore store(*database);
    return code_of(run_task(store.insert({message(id_of<ChannelId>(1), 1)}, {}, in(limit))));
}

TEST(Concerns, AWriteWaitsForAMajorityAndItsJournal) {
    FakeMongodb server;
    ASSERT_EQ(inserting(server), Errc{});
    const auto insert = boost::json::parse(server.commands("insert").at(0).json).as_object();
    const auto& concern = insert.at("writeConcern").as_object();
    EXPECT_EQ(concern.at("w"), "majority");
    EXPECT_EQ(concern.at("j"), true);
    EXPECT_GT(concern.at("wtimeout").to_number<int>(), 5000);
    EXPECT_LE(concern.at("wtimeout").to_number<int>(), 10'000);
    EXPECT_GT(insert.at("maxTimeMS").to_number<int>(), 5000);
    EXPECT_LE(insert.at("maxTimeMS").to_number<int>(), 10'000);
    EXPECT_EQ(insert.at("ordered"), true);
    EXPECT_TRUE(insert.contains("lsid"));
    // A retry by the driver is recognised by the server, which does not apply it twice.
    EXPECT_TRUE(insert.contains("txnNumber"));
}

TEST(Concerns, TheUrlCannotWeakenThem) {
    FakeMongodb server;
    const auto database =
        connect_to(server.url() + "?w=1&journal=false&readConcernLevel=local&readPreference=secondary");
    EntryStore entries(*database);
    ChannelStore channels(*database);
    ASSERT_TRUE(run_task(entries.insert({message(id_of<ChannelId>(1), 1)}, {}, soon())));
    ASSERT_TRUE(run_task(channels.put_channel(Channel{}, soon())));
    ASSERT_TRUE(run_task(entries.head(id_of<ChannelId>(2), soon())));
    for (const auto* name : {"insert", "update"})
        EXPECT_THAT(server.commands(name).at(0).json, HasSubstr(R"("w" : "majority")"));
    EXPECT_THAT(server.commands("find").at(0).json,
                AllOf(HasSubstr(R"("level" : "majority")"), Not(HasSubstr("secondary"))));
}

// Another store over the same database reads: another client and session, but the same node.
TEST(CausalConsistency, AReadIsAfterEveryWriteAcknowledgedOnThisNode) {
    FakeMongodb server([](const Command& command) -> std::optional<Document> {
        const std::uint32_t seconds = command.name == "insert" ? 1000 : 1;
        return FakeMongodb::at_time(*FakeMongodb::ok(command), seconds, 7);
    });
    const auto database = connect_to(server.url());
    EntryStore author(*database);
    EntryStore reader(*database);
    ASSERT_TRUE(run_task(author.insert({message(id_of<ChannelId>(1), 1)}, {}, soon())));
    ASSERT_TRUE(run_task(reader.head(id_of<ChannelId>(1), soon())));
    ASSERT_TRUE(run_task(reader.head(id_of<ChannelId>(1), soon())));
    const auto finds = server.commands("find");
    ASSERT_GE(finds.size(), 2u);
    for (const auto& find : finds) {
        const auto concern = boost::json::parse(find.json).at("readConcern").as_object();
        EXPECT_EQ(concern.at("level"), "majority");
        EXPECT_EQ(concern.at("afterClusterTime"), boost::json::parse(R"({"$timestamp":{"t":1000,"i":7}})"));
    }
}

TEST(Refusals, OfAWriteAreToldApart) {
    const auto answering = [](const Document& reply) {
        const auto kept = std::make_shared<Document>(*reply.get());
        return [kept](const Command& command) -> std::optional<Document> {
            if (command.name == "insert") return Document(*kept->get());
            return FakeMongodb::ok(command);
        };
    };
    const auto with_write_error = [](std::int32_t code) {
        Document error;
        error.add("index", 0).add("code", code).add("errmsg", "refused");
        Document reply;
        reply.add("ok", 1.0).add("n", 0).add("writeErrors", List().add(error));
        return reply;
    };
    Document concern;
    concern.add("code", 64).add("errmsg", "waiting for replication timed out");
    Document unreplicated;
    unreplicated.add("ok", 1.0).add("n", 1).add("writeConcernError", concern);

    FakeMongodb duplicate(answering(with_write_error(11000)));
    EXPECT_EQ(inserting(duplicate), Errc::taken);
    FakeMongodb no_majority(answering(unreplicated));
    EXPECT_EQ(inserting(no_majority), Errc::timed_out);
    FakeMongodb deposed(answering(FakeMongodb::refusal(10107, "not primary")));
    EXPECT_EQ(inserting(deposed), Errc::unavailable);
    FakeMongodb full(answering(with_write_error(14031)));
    EXPECT_EQ(inserting(full), Errc::unavailable);
}

TEST(Refusals, AMergeThatIsNotAcknowledgedByAMajorityFails) {
    FakeMongodb server([](const Command& command) -> std::optional<Document> {
        if (command.name != "insert") return FakeMongodb::ok(command);
        Document error;
        error.add("index", 0).add("code", 11000).add("errmsg", "E11000 duplicate key");
        Document concern;
        concern.add("code", 64).add("errmsg", "waiting for replication timed out");
        Document reply;
        reply.add("ok", 1.0).add("n", 0).add("writeErrors", List().add(error));
        reply.add("writeConcernError", concern);
        return reply;
    });
    const auto database = connect_to(server.url());
    ChannelStore store(*database);
    MemberRow row;
    row.from = 1;
    EXPECT_FALSE(run_task(store.merge_members({row}, soon())));
}

Task<std::chrono::nanoseconds> time_until_timed_out(EntryStore& store) {
    const auto begin = std::chrono::steady_clock::now();
    auto asking = store.head(id_of<ChannelId>(1), in(200ms));
    const auto head = co_await std::move(asking);
    EXPECT_EQ(head.error(), Errc::timed_out);
    co_return std::chrono::steady_clock::now() - begin;
}

TEST(Silence, EndsAtTheDeadline) {
    FakeMongodb server([](const Command&) -> std::optional<Document> { return std::nullopt; });
    Options options;
    options.url = server.url();
    options.silence_max = 1500ms;
    const auto database = connect(options).value();
    EntryStore store(*database);
    EXPECT_LT(run_task(time_until_timed_out(store)), 1200ms);
}

TEST(Silence, OfManyCallsFillsABoundedQueue) {
    FakeMongodb server([](const Command&) -> std::optional<Document> { return std::nullopt; });
    Options options;
    options.url = server.url();
    options.connections_max = 2;
    options.queue_max = 5;
    options.silence_max = 500ms;
    const auto database = connect(options).value();
    EntryStore store(*database);
    std::vector<Task<Result<EntryPtr>>> calls;
    for (int i = 0; i < 8; ++i)
        calls.push_back(store.head(id_of<ChannelId>(1), in(200ms)));
    std::map<Errc, int> outcomes;
    for (const auto& result : warren::testing::run_tasks(std::move(calls)))
        ++outcomes[result.error().code];
    EXPECT_EQ(outcomes[Errc::overloaded], 3);
    EXPECT_EQ(outcomes[Errc::timed_out], 5);
}
}  // namespace
}  // namespace warren::adapters::mongo::testing
