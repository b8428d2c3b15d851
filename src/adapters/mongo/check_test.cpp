#include <gmock/gmock.h>

#include "adapters/mongo/database_test.hpp"
#include "adapters/mongo/fake_mongodb_test.hpp"
#include "adapters/mongo/schema.hpp"

namespace warren::adapters::mongo::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using warren::testing::run_task;
using Command = FakeMongodb::Command;

TEST(Connect, RefusesAWrongUrlWithoutRepeatingIt) {
    for (const auto* url :
         {"", "http://me:secret@host/", "mongodb://me:sec/ret@host/", "mongodb://h/?w=0&journal=true"}) {
        Options options;
        options.url = url;
        const auto result = connect(options);
        ASSERT_FALSE(result) << url;
        EXPECT_EQ(result.error(), Errc::invalid);
        EXPECT_THAT(result.error().message, AllOf(HasSubstr("mongodb.url"), Not(HasSubstr("sec"))));
    }
    Options options;
    options.url = "mongodb://127.0.0.1/";
    options.database = "a.b";
    EXPECT_THAT(connect(options).error().message, HasSubstr("mongodb.database"));
}
TEST(Check, SaysThatNobodyAnswers) {
    const auto port = warren::testing::free_port();
    const auto database = connect_to("mongodb://me:secret@127.0.0.1:" + std::to_string(port) + "/");
    const auto result = run_task(database->check(soon()));
    EXPECT_EQ(code_of(result), Errc::unavailable);
    EXPECT_THAT(result.error().message,
                AllOf(HasSubstr("127.0.0.1:" + std::to_string(port)), Not(HasSubstr("secret"))));
    EXPECT_FALSE(database->health().ok);
}

TEST(Check, SaysThatThePasswordIsRefused) {
    FakeMongodb server([](const Command& command) -> std::optional<Document> {
        if (command.name != "saslStart") return FakeMongodb::ok(command);
        return FakeMongodb::refusal(18, "Authentication failed.");
    });
    const auto database = connect_to(server.url("me:secret@"));
    for (int i = 0; i < 2; ++i) {
        const auto result = run_task(database->check(soon()));
        EXPECT_EQ(code_of(result), Errc::unauthenticated);
        EXPECT_THAT(result.error().message, AllOf(HasSubstr("password"), Not(HasSubstr("secret"))));
    }
    EntryStore store(*database);
    EXPECT_EQ(run_task(store.head(id_of<ChannelId>(1), soon())).error(), Errc::unavailable);
}

TEST(Check, SaysThatARightIsMissing) {
    FakeMongodb server([](const Command& command) -> std::optional<Document> {
        if (command.name != "find") return FakeMongodb::ok(command);
        return FakeMongodb::refusal(13, "not authorized on warren to execute command { find: \"meta\" }");
    });
    const auto database = connect_to(server.url());
    const auto result = run_task(database->check(soon()));
    EXPECT_EQ(code_of(result), Errc::forbidden);
    EXPECT_THAT(result.error().message, HasSubstr("readWrite"));
}

TEST(Schema, ANewerOneIsRefusedAndNothingIsChanged) {
    FakeMongodb server([](const Command& command) -> std::optional<Document> {
        if (command.name != "find") return FakeMongodb::ok(command);
        Document meta;
        meta.add("_id", "schema").add("version", kSchemaVersion + 1);
        Document cursor;
        cursor.add("id", std::int64_t{0}).add("ns", "warren.meta").add("firstBatch", List().add(meta));
        Document reply;
        reply.add("ok", 1.0).add("cursor", cursor);
        return reply;
    });
    const auto database = connect_to(server.url());
    for (const auto& result : {run_task(database->prepare(soon())), run_task(database->check(soon()))}) {
        EXPECT_EQ(code_of(result), Errc::conflict);
        EXPECT_THAT(result.error().message, HasSubstr("newer"));
    }
    for (const auto* name : {"createIndexes", "create", "insert", "update", "delete"})
        EXPECT_TRUE(server.commands(name).empty()) << name;
}
}  // namespace
}  // namespace warren::adapters::mongo::testing
