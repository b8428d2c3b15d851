#include <boost/json.hpp>

#include "adapters/mongo/database_test.hpp"
#include "adapters/mongo/entry_document.hpp"
#include "adapters/mongo/failure.hpp"

namespace warren::adapters::mongo::testing {
namespace {

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
    EXPECT_EQ(document_of(huge, huge.at).error(), Errc::invalid);
}

TEST(Documents, EntryWithNulAndWithoutAFieldIsReadBack) {
    const auto entry = message(id_of<ChannelId>(1), 9'000'000'000'000'000'001, std::string("a\0b", 3));
    const auto document = document_of(*entry, entry->at).value();
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
}  // namespace
}  // namespace warren::adapters::mongo::testing
