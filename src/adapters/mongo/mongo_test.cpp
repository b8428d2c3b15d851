#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "adapters/mongo/entry_document.hpp"
#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/fake_mongodb.hpp"
#include "adapters/mongo/schema.hpp"
#include "adapters/mongo/test_database.hpp"
#include "model/entry_codec.hpp"

namespace warren::adapters::mongo::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using warren::testing::run_task;
using Command = FakeMongodb::Command;

std::unique_ptr<Database> connect_to(const std::string& url) {
    Options options;
    options.url = url;
    options.connections_max = 4;
    options.selection_max = 500ms;
    return connect(options).value();
}

template <class AnyId>
AnyId id_of(std::uint8_t last) {
    AnyId id;
    id.bytes[11] = last;
    return id;
}

EntryPtr message(ChannelId channel, Seq seq, std::string text = "hi") {
    static IdMaker maker(0x123456789);
    auto entry = std::make_shared<Entry>();
    entry->channel = channel;
    entry->seq = seq;
    entry->id = maker.make<EntryId>(WallTime(1'764'000'000'000ms));
    entry->sender = id_of<UserId>(7);
    entry->nonce = entry->id.hex();
    entry->count = seq;
    entry->message_seq = seq;
    entry->state_seq = 1;
    MessageBody body;
    body.text = std::move(text);
    entry->body = body;
    return entry;
}

Errc code_of(const Result<void>& result) {
    return result ? Errc{} : result.error().code;
}

Errc inserting(FakeMongodb& server, std::chrono::milliseconds limit = 10s) {
    const auto database = connect_to(server.url());
    EntryStore store(*database);
    return code_of(run_task(store.insert({message(id_of<ChannelId>(1), 1)}, in(limit))));
}

TEST(Documents, KeepABodyExactly) {
    const std::vector<std::string> bodies{
        R"({})",
        R"({"text":"a\u0000b","type":"$oid","replyTo":9223372036854775807})",
        R"({"text":"\"{\"$numberLong\":\"1\"}\" Gr\u00fc\u00dfe","mentions":["6b05b730dced779fdc71d515"]})",
        R"({"members":[["6b05b730dced779fdc71d515",1],["6b05b730dced779fdc71d516",0]],"n":[1,[],[[2]]]})",
        R"({"a":{"$date":1,"":null,"x.y":[true,false,-1.5]}})",
    };
    for (const auto& body : bodies) {
        const auto document = document_from_json(body);
        ASSERT_TRUE(document) << body;
        EXPECT_EQ(boost::json::parse(json_from_document(*document->get())), boost::json::parse(body));
    }
}

TEST(Documents, RefuseWhatTheyCannotKeep) {
    EXPECT_FALSE(document_from_json(R"({"seq":9223372036854775808})"));
    EXPECT_FALSE(document_from_json("[]"));
    EXPECT_FALSE(document_from_json("{"));
    auto huge = *message(id_of<ChannelId>(1), 1);
    huge.count = 1ULL << 63;
    EXPECT_EQ(document_of(huge).error(), Errc::invalid);
}

TEST(Documents, EntryWithNulAndWithoutAFieldIsReadBack) {
    const auto entry = message(id_of<ChannelId>(1), 9'000'000'000'000'000'001, std::string("a\0b", 3));
    const auto document = document_of(*entry).value();
    EXPECT_EQ(*entry_of(*document.get()).value(), *entry);
    EXPECT_FALSE(Fields(*document.get()).has("targetBucket"));
    Document foreign;
    foreign.add("kind", "message").add("seq", "one");
    EXPECT_EQ(entry_of(*foreign.get()).error(), Errc::internal);
}

TEST(Failures, AreTranslatedOnce) {
    const auto of = [](std::uint32_t domain, std::uint32_t code, const char* text = "") {
        bson_error_t failure;
        bson_set_error(&failure, domain, code, "%s", text);
        return errc_of(failure);
    };
    EXPECT_EQ(of(MONGOC_ERROR_SERVER, 11000), Errc::taken);
    EXPECT_EQ(of(MONGOC_ERROR_SERVER, 50), Errc::timed_out);
    EXPECT_EQ(of(MONGOC_ERROR_WRITE_CONCERN, 64), Errc::timed_out);
    EXPECT_EQ(of(MONGOC_ERROR_SERVER, 10107), Errc::unavailable);
    EXPECT_EQ(of(MONGOC_ERROR_WRITE_CONCERN, 91), Errc::unavailable);
    EXPECT_EQ(of(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, "socket error or timeout"),
              Errc::unavailable);
    EXPECT_EQ(of(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "refused"), Errc::unavailable);
    EXPECT_EQ(of(MONGOC_ERROR_SERVER_SELECTION, 13053), Errc::unavailable);
    EXPECT_EQ(of(MONGOC_ERROR_SERVER, 18), Errc::unauthenticated);
    EXPECT_EQ(of(MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_AUTHENTICATE), Errc::unauthenticated);
    EXPECT_EQ(of(MONGOC_ERROR_SERVER, 13), Errc::forbidden);
    EXPECT_EQ(of(MONGOC_ERROR_SERVER, 10334), Errc::invalid);
}

TEST(Failures, AreToldWithoutWhatTheyQuote) {
    bson_error_t failure;
    bson_set_error(&failure, MONGOC_ERROR_SERVER, 2, "invalid value: { \"text\": \"secret\" } (why)");
    EXPECT_EQ(text_of(failure), "invalid value: ...");
}

TEST(SearchPattern, IsALiteralInEitherCase) {
    EXPECT_EQ(pattern_of_literal("aZ9 .*"), R"([aA][zZ]9 \.\*)");
    EXPECT_EQ(pattern_of_literal("ü\\E"), R"(ü\\[eE])");
}

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
    ASSERT_TRUE(run_task(entries.insert({message(id_of<ChannelId>(1), 1)}, soon())));
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
    ASSERT_TRUE(run_task(author.insert({message(id_of<ChannelId>(1), 1)}, soon())));
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
        ASSERT_TRUE(run_task(store.insert(std::move(run), soon())));
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
    ASSERT_TRUE(run_task(store.insert({message(channel, 1)}, soon())));

    server.kill();
    EXPECT_EQ(code_of(run_task(store.insert({message(channel, 2)}, in(5s)))), Errc::unavailable);
    EXPECT_EQ(run_task(store.head(channel, in(5s))).error(), Errc::unavailable);
    EXPECT_FALSE(database->health().ok);

    server.start();
    const auto works = [&] { return run_task(store.head(channel, in(5s))).has_value(); };
    ASSERT_TRUE(warren::testing::wait_until(works, 30s));
    EXPECT_EQ(run_task(store.head(channel, soon())).value()->seq, 1u);
    EXPECT_TRUE(run_task(store.insert({message(channel, 2)}, soon())));
    EXPECT_TRUE(database->health().ok);
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
