#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>

#include "gateway/json_writer.hpp"
#include "gateway/raw_json.hpp"

namespace warren::gateway {
namespace {

namespace json = boost::json;

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
    JsonWriter out;
    out.begin_object().key("a").number(1).key("b").begin_array();
    out.string("x").begin_object().end_object().begin_array().end_array().boolean(false);
    out.end_array().key("c").raw("null").key("d").begin_object().key("e").boolean(true).end_object();
    EXPECT_EQ(out.end_object().take(), R"({"a":1,"b":["x",{},[],false],"c":null,"d":{"e":true}})");
}

TEST(JsonWriter, WritesEveryCharacterSoThatAParserReadsItBack) {
    std::string text;
    for (char c = 0x7f; c >= 0; --c)
        text += c;
    text += "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8";
    std::string quoted;
    append_quoted(quoted, text);
    EXPECT_EQ(json::parse(quoted).get_string(), text);
    EXPECT_EQ(quoted.size(), quoted_bytes(text));
}

TEST(JsonWriter, FindsWhatMustBeEscapedWhereverItStands) {
    for (std::size_t size = 1; size <= 18; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const char c : {'"', '\\', '\n', '\0', '\x1f', ' ', '!', '#', '[', ']', '\x7f'}) {
                for (const auto* letter : {"a", "\xc3\xa4"}) {
                    std::string text;
                    for (std::size_t i = 0; i < size; ++i)
                        text += i == at ? std::string(1, c) : letter;
                    std::string quoted;
                    append_quoted(quoted, text);
                    ASSERT_EQ(json::parse(quoted).get_string(), text) << quoted;
                    ASSERT_EQ(quoted.size(), quoted_bytes(text)) << quoted;
                }
            }
        }
    }
}

TEST(JsonWriter, WritesNumbersWhole) {
    EXPECT_EQ(JsonWriter().number(0).take(), "0");
    EXPECT_EQ(JsonWriter().number(UINT64_MAX).take(), "18446744073709551615");
}

TEST(RawJson, FindsAValueByteForByte) {
    constexpr std::string_view kPacket =
        "[ \"message:new\" , { \"message\":\"}],\\\"\" , \"data\" : {\"z\":1.0, "
        "\"a\":[1e2,{}],\"\\u00e4\":\"\\\\\"} } ]";
    const auto payload = raw_element(kPacket, 1);
    ASSERT_TRUE(payload);
    EXPECT_EQ(raw_member(*payload, "data"), "{\"z\":1.0, \"a\":[1e2,{}],\"\\u00e4\":\"\\\\\"}");
    EXPECT_EQ(raw_member(*payload, "message"), "\"}],\\\"\"");
    EXPECT_EQ(raw_element(kPacket, 0), "\"message:new\"");
    EXPECT_FALSE(raw_element(kPacket, 2));
    EXPECT_FALSE(raw_member(*payload, "z"));
}

TEST(RawJson, TakesTheLastOfRepeatedMembersAndKnowsEscapedNames) {
    EXPECT_EQ(raw_member(R"({"data":{"a":1},"data":{"b":2}})", "data"), R"({"b":2})");
    EXPECT_EQ(raw_member(R"({"d\u0061ta":{"a":1}})", "data"), R"({"a":1})");
    EXPECT_EQ(json::parse(R"({"data":{"a":1},"d\u0061ta":{"b":2}})").at("data"),
              json::parse(*raw_member(R"({"data":{"a":1},"d\u0061ta":{"b":2}})", "data")));
}

TEST(RawJson, GivesNothingForOtherShapes) {
    EXPECT_FALSE(raw_element("{}", 0));
    EXPECT_FALSE(raw_element("[]", 0));
    EXPECT_FALSE(raw_element("", 0));
    EXPECT_FALSE(raw_member("[]", "a"));
    EXPECT_FALSE(raw_member("{}", "a"));
    EXPECT_FALSE(raw_member("\"a\"", "a"));
}

json::value random_value(std::mt19937& random, int depth) {
    const auto pick = std::uniform_int_distribution<>(0, depth > 0 ? 6 : 4)(random);
    if (pick == 5) {
        json::array list;
        for (auto left = random() % 4; left > 0; --left)
            list.push_back(random_value(random, depth - 1));
        return list;
    }
    if (pick == 6) {
        json::object object;
        for (auto left = random() % 4; left > 0; --left)
            object[std::string(1 + random() % 2, static_cast<char>('!' + random() % 90))] =
                random_value(random, depth - 1);
        return object;
    }
    if (pick == 0) return nullptr;
    if (pick == 1) return true;
    if (pick == 2) return static_cast<std::int64_t>(random());
    if (pick == 3) return 0.5 * static_cast<double>(random() % 100);
    constexpr std::string_view kHard = "\"\\{}[],: \nab";
    std::string text;
    for (auto left = random() % 8; left > 0; --left)
        text += kHard[random() % kHard.size()];
    return json::value(text);
}

TEST(RawJson, AgreesWithTheParserOnRandomValues) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        const auto value = random_value(random, 4);
        const auto text = json::serialize(value);
        if (const auto* list = value.if_array()) {
            for (std::size_t i = 0; i < list->size(); ++i)
                ASSERT_EQ(raw_element(text, i), json::serialize((*list)[i])) << text;
        }
        if (const auto* object = value.if_object()) {
            for (const auto& member : *object)
                ASSERT_EQ(raw_member(text, member.key()), json::serialize(member.value())) << text;
        }
    }
}

TEST(RawJson, EndsOnTextThatIsNotJson) {
    std::mt19937 random(2);
    constexpr std::string_view kPieces = "{}[]\",:\\ a1";
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto left = random() % 20; left > 0; --left)
            text += kPieces[random() % kPieces.size()];
        raw_element(text, random() % 3);
        raw_member(text, "a");
    }
}

}  // namespace
}  // namespace warren::gateway
