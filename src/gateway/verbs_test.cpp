#include "gateway/verbs.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace warren::gateway {
namespace {

constexpr std::string_view kId = "\"0123456789abcdef01234567\"";

/// What checking `event` with the arguments `args_json` (comma separated) gives: `ok` or the error.
struct Checked {
    std::string code, message;
};
Checked check(std::string_view event, std::string args_json) {
    const auto raw = "[\"" + std::string(event) + '"' + (args_json.empty() ? "" : ",") + args_json + ']';
    auto args = boost::json::parse(raw).get_array();
    args.erase(args.begin());
    const auto* verb = find_verb(event);
    if (!verb) return {"unknown_event", ""};
    const auto result = verb->check(Arguments(args, raw), chat::Limits{});
    if (result) return {"ok", ""};
    return {std::string(info(result.error().code).wire_name), result.error().message};
}

/// `{"ID":ID_}` and whatever else.
std::string with_channel(std::string_view rest) {
    return "{\"channelId\":" + std::string(kId) + (rest.empty() ? "" : ",") + std::string(rest) + '}';
}

std::string many_ids(std::size_t count) {
    std::string out(kId);
    while (--count > 0)
        out += ',' + std::string(kId);
    return out;
}

struct Case {
    std::string_view event;
    std::string args;
    std::string_view code;
    std::string_view names;  ///< What the sentence must mention.
};

class Check : public testing::TestWithParam<Case> {};

TEST_P(Check, Says) {
    const auto& [event, args, code, names] = GetParam();
    const auto checked = check(event, args);
    EXPECT_EQ(checked.code, code) << checked.message;
    EXPECT_NE(checked.message.find(names), std::string::npos) << checked.message;
}

const std::string kEmoji = "\"\xf0\x9f\x98\x80\"";

INSTANTIATE_TEST_SUITE_P(
    MessageNew, Check,
    testing::Values(
        Case{"message:new", with_channel("\"message\":\"hi\""), "ok", ""},
        Case{"message:new", with_channel("\"message\":\"a\\n\\tb\\r\\nc\",\"nonce\":\"n\""), "ok", ""},
        Case{"message:new", with_channel("\"message\":" + kEmoji + ",\"type\":null,\"more\":[1]"), "ok", ""},
        Case{"message:new", with_channel("\"message\":\"\",\"data\":{\"a\":1}"), "ok", ""},
        Case{"message:new", "", "invalid", "one argument"},
        Case{"message:new", "{},{}", "invalid", "2 arguments"},
        Case{"message:new", "null", "invalid", "object"}, Case{"message:new", "\"hi\"", "invalid", "object"},
        Case{"message:new", "[]", "invalid", "object"}, Case{"message:new", "{}", "invalid", "channelId"},
        Case{"message:new", "{\"channelId\":null,\"message\":\"hi\"}", "invalid", "channelId"},
        Case{"message:new", "{\"channelId\":12,\"message\":\"hi\"}", "invalid", "channelId"},
        Case{"message:new", "{\"channelId\":\"0123456789ABCDEF01234567\",\"message\":\"hi\"}", "invalid",
             "channelId"},
        Case{"message:new", "{\"channelId\":{\"$ne\":1},\"message\":\"hi\"}", "invalid", "channelId"},
        Case{"message:new", with_channel(""), "invalid", "message"},
        Case{"message:new", with_channel("\"message\":\"\""), "invalid", "message"},
        Case{"message:new", with_channel("\"message\":7"), "invalid", "message"},
        Case{"message:new", with_channel("\"message\":\"a\\u0000b\""), "invalid", "control"},
        Case{"message:new", with_channel("\"message\":\"a\\rb\""), "invalid", "control"},
        Case{"message:new", with_channel("\"message\":\"a\\u007fb\""), "invalid", "control"},
        Case{"message:new", with_channel("\"message\":\"a\\u0085b\""), "invalid", "control"},
        Case{"message:new", with_channel("\"message\":\"" + std::string(16384, 'x') + '"'), "ok", ""},
        Case{"message:new", with_channel("\"message\":\"" + std::string(16385, 'x') + '"'), "too_large",
             "message"},
        Case{"message:new", with_channel("\"message\":\"x\",\"type\":\"" + std::string(65, 't') + '"'),
             "too_large", "type"},
        Case{"message:new", with_channel("\"message\":\"x\",\"type\":\"a\\nb\""), "invalid", "type"},
        Case{"message:new", with_channel("\"message\":\"x\",\"data\":[1]"), "invalid", "data"},
        Case{"message:new", with_channel("\"message\":\"x\",\"data\":\"{}\""), "invalid", "data"},
        Case{"message:new",
             with_channel("\"message\":\"x\",\"data\":{\"a\":\"" + std::string(4096, 'x') + "\"}"),
             "too_large", "data"},
        Case{"message:new", with_channel("\"message\":\"x\",\"nonce\":\"\""), "invalid", "nonce"},
        Case{"message:new", with_channel("\"message\":\"x\",\"nonce\":7"), "invalid", "nonce"},
        Case{"message:new", with_channel("\"message\":\"x\",\"nonce\":\"" + std::string(65, 'n') + '"'),
             "too_large", "nonce"}));

INSTANTIATE_TEST_SUITE_P(
    ReplyAndMention, Check,
    testing::Values(
        Case{"message:new",
             with_channel("\"message\":\"x\",\"replyTo\":2,\"mentions\":[" + std::string(kId) + "]"), "ok",
             ""},
        Case{"message:new", with_channel("\"message\":\"x\",\"replyTo\":null,\"mentions\":[]"), "ok", ""},
        Case{"message:new", with_channel("\"message\":\"x\",\"replyTo\":0"), "invalid", "replyTo"},
        Case{"message:new", with_channel("\"message\":\"x\",\"replyTo\":\"2\""), "invalid", "replyTo"},
        Case{"message:new", with_channel("\"message\":\"x\",\"mentions\":" + std::string(kId)), "invalid",
             "mentions"},
        Case{"message:new", with_channel("\"message\":\"x\",\"mentions\":[1]"), "invalid", "mentions[0]"},
        Case{"message:new", with_channel("\"message\":\"x\",\"mentions\":[" + many_ids(10'000) + "]"),
             "too_large", "mentions"}));

INSTANTIATE_TEST_SUITE_P(
    Changes, Check,
    testing::Values(
        Case{"message:edit", with_channel("\"seq\":2,\"message\":\"hi\",\"nonce\":\"n\""), "ok", ""},
        Case{"message:edit", with_channel("\"message\":\"hi\""), "invalid", "seq"},
        Case{"message:edit", with_channel("\"seq\":0,\"message\":\"hi\""), "invalid", "seq"},
        Case{"message:edit", with_channel("\"seq\":1.5,\"message\":\"hi\""), "invalid", "seq"},
        Case{"message:edit", with_channel("\"seq\":9007199254740993,\"message\":\"hi\""), "invalid", "seq"},
        Case{"message:edit", with_channel("\"seq\":2"), "invalid", "message"},
        Case{"message:edit", with_channel("\"seq\":2,\"message\":\"\""), "invalid", "message"},
        Case{"message:edit", with_channel("\"seq\":2,\"message\":\"" + std::string(16385, 'x') + '"'),
             "too_large", "message"},
        Case{"message:edit", "{\"seq\":2,\"message\":\"x\"}", "invalid", "channelId"},
        Case{"message:delete", with_channel("\"seq\":2"), "ok", ""},
        Case{"message:delete", with_channel("\"seq\":-2"), "invalid", "seq"},
        Case{"message:delete", with_channel("\"seq\":null"), "invalid", "seq"},
        Case{"message:delete", with_channel("\"seq\":2,\"nonce\":1"), "invalid", "nonce"},
        Case{"message:delete", "null", "invalid", "object"},
        Case{"message:react", with_channel("\"seq\":2,\"on\":true,\"emoji\":" + kEmoji), "ok", ""},
        Case{"message:react", with_channel("\"seq\":2,\"on\":false,\"emoji\":" + kEmoji), "ok", ""},
        Case{"message:react", with_channel("\"seq\":2,\"emoji\":" + kEmoji), "invalid", "on"},
        Case{"message:react", with_channel("\"seq\":2,\"on\":1,\"emoji\":" + kEmoji), "invalid", "on"},
        Case{"message:react", with_channel("\"seq\":2,\"on\":true"), "invalid", "emoji"},
        Case{"message:react", with_channel("\"seq\":2,\"on\":true,\"emoji\":\"\""), "invalid", "emoji"},
        Case{"message:react", with_channel("\"seq\":2,\"on\":true,\"emoji\":\"<b>\""), "invalid", "emoji"},
        Case{"message:react", with_channel("\"seq\":2,\"on\":true,\"emoji\":\"" + std::string(65, 'x') + '"'),
             "too_large", "emoji"}));

INSTANTIATE_TEST_SUITE_P(
    Moments, Check,
    testing::Values(Case{"typing", with_channel("\"on\":true"), "ok", ""},
                    Case{"typing", with_channel("\"on\":false,\"more\":1"), "ok", ""},
                    Case{"typing", with_channel(""), "invalid", "on"},
                    Case{"typing", with_channel("\"on\":null"), "invalid", "on"},
                    Case{"typing", with_channel("\"on\":1"), "invalid", "true or false"},
                    Case{"typing", "{\"on\":true}", "invalid", "channelId"},
                    Case{"typing", "null", "invalid", "object"},
                    Case{"presence:watch", "{\"users\":[]}", "ok", ""},
                    Case{"presence:watch", "{\"users\":[" + std::string(kId) + "]}", "ok", ""},
                    Case{"presence:watch", "{\"users\":[" + std::string(kId) + ",7]}", "invalid", "users[1]"},
                    Case{"presence:watch", "{\"users\":" + std::string(kId) + "}", "invalid", "users"},
                    Case{"presence:watch", "{}", "invalid", "users"},
                    Case{"presence:watch", "", "invalid", "argument"},
                    Case{"presence:watch", "{\"users\":[" + many_ids(200) + "]}", "ok", ""},
                    Case{"presence:watch", "{\"users\":[" + many_ids(201) + "]}", "too_large", "200"}));

const std::string kMembers = "\"members\":[" + std::string(kId) + ',' + std::string(kId) + ']';

INSTANTIATE_TEST_SUITE_P(
    Groups, Check,
    testing::Values(
        Case{"group:new", "{\"name\":\"tea\"," + kMembers + '}', "ok", ""},
        Case{"group:new", "{\"name\":\"tea\",\"members\":[],\"history\":\"since_join\",\"data\":{}}", "ok",
             ""},
        Case{"group:new", '{' + kMembers + '}', "invalid", "name"},
        Case{"group:new", "{\"name\":\"\"," + kMembers + '}', "invalid", "name"},
        Case{"group:new", "{\"name\":\"a\\nb\"," + kMembers + '}', "invalid", "name"},
        Case{"group:new", "{\"name\":\"" + std::string(201, 'x') + "\"," + kMembers + '}', "too_large",
             "name"},
        Case{"group:new", "{\"name\":\"tea\"}", "invalid", "members"},
        Case{"group:new", "{\"name\":\"tea\",\"members\":\"x\"}", "invalid", "members"},
        Case{"group:new", "{\"name\":\"tea\",\"members\":[" + std::string(kId) + ",\"x\"]}", "invalid",
             "members[1]"},
        Case{"group:new", "{\"name\":\"tea\",\"members\":[],\"history\":\"some\"}", "invalid", "history"},
        Case{"group:chat", "{\"member\":" + std::string(kId) + '}', "ok", ""},
        Case{"group:chat", "{}", "invalid", "member"},
        Case{"group:chat", "{\"member\":\"x\"}", "invalid", "member"}));

INSTANTIATE_TEST_SUITE_P(
    GroupChanges, Check,
    testing::Values(
        Case{"group:add", with_channel(kMembers + ",\"nonce\":\"n\""), "ok", ""},
        Case{"group:add", '{' + kMembers + '}', "invalid", "channelId"},
        Case{"group:add", with_channel(""), "invalid", "members"},
        Case{"group:add", with_channel("\"members\":[]"), "invalid", "members"},
        Case{"group:add", with_channel("\"members\":[7]"), "invalid", "members[0]"},
        Case{"group:add", with_channel("\"members\":{}"), "invalid", "members"},
        Case{"group:add", with_channel(kMembers + ",\"nonce\":7"), "invalid", "nonce"},
        Case{"group:remove", with_channel(kMembers), "ok", ""},
        Case{"group:remove", with_channel("\"members\":[]"), "invalid", "members"},
        Case{"group:remove", with_channel(kMembers + ",\"nonce\":\"\""), "invalid", "nonce"},
        Case{"group:role", with_channel("\"member\":" + std::string(kId) + ",\"role\":\"admin\""), "ok", ""},
        Case{"group:role", with_channel("\"role\":\"admin\""), "invalid", "member"},
        Case{"group:role", with_channel("\"member\":" + std::string(kId)), "invalid", "role"},
        Case{"group:role", with_channel("\"member\":" + std::string(kId) + ",\"role\":\"owner\""), "invalid",
             "role"},
        Case{"group:role", with_channel("\"member\":" + std::string(kId) + ",\"role\":1"), "invalid", "role"},
        Case{"group:update", with_channel("\"name\":\"tea\",\"image\":\"\",\"data\":{}"), "ok", ""},
        Case{"group:update", with_channel(""), "invalid", "name"},
        Case{"group:update", with_channel("\"name\":null"), "invalid", "name"},
        Case{"group:update", with_channel("\"name\":\"\""), "invalid", "name"},
        Case{"group:update", with_channel("\"name\":\"" + std::string(201, 'x') + '"'), "too_large", "name"},
        Case{"group:update", with_channel("\"image\":7"), "invalid", "image"},
        Case{"group:update", with_channel("\"image\":\"/" + std::string(1024, 'x') + '"'), "too_large",
             "image"},
        Case{"group:update", with_channel("\"data\":[]"), "invalid", "data"},
        Case{"group:leave", with_channel(""), "ok", ""}, Case{"group:leave", "{}", "invalid", "channelId"},
        Case{"group:leave", "null", "invalid", "object"}));

INSTANTIATE_TEST_SUITE_P(
    Reads, Check,
    testing::Values(
        Case{"server:info", "", "ok", ""}, Case{"server:info", "null", "ok", ""},
        Case{"server:info", "{}", "ok", ""}, Case{"server:info", "1", "invalid", "null"},
        Case{"channels:get", "null", "ok", ""}, Case{"channels:get", "null,null", "invalid", "null"},
        Case{"messages:get", with_channel(""), "ok", ""},
        Case{"messages:get", with_channel("\"before\":5,\"limit\":100"), "ok", ""},
        Case{"messages:get", with_channel("\"before\":5.0"), "ok", ""},
        Case{"messages:get", with_channel("\"before\":5.5"), "invalid", "before"},
        Case{"messages:get", with_channel("\"before\":-1"), "invalid", "before"},
        Case{"messages:get", with_channel("\"after\":1e300"), "invalid", "after"},
        Case{"messages:get", with_channel("\"around\":\"5\""), "invalid", "around"},
        Case{"messages:get", with_channel("\"before\":5,\"after\":5"), "invalid", "only one"},
        Case{"messages:get", with_channel("\"limit\":0"), "invalid", "limit"},
        Case{"messages:get", with_channel("\"limit\":101"), "invalid", "at most 100"},
        Case{"messages:search", "{\"query\":\"tea \\\"for two\\\" te*\"}", "ok", ""},
        Case{"messages:search", with_channel("\"query\":\"tea\",\"before\":\"x\",\"limit\":100"), "ok", ""},
        Case{"messages:search", "{}", "invalid", "query"},
        Case{"messages:search", "{\"query\":\"\"}", "invalid", "query"},
        Case{"messages:search", "{\"query\":[\"tea\"]}", "invalid", "query"},
        Case{"messages:search", "{\"query\":\"...\"}", "invalid", "at least one word"},
        Case{"messages:search", "{\"query\":\"t*\"}", "invalid", "two letters"},
        Case{"messages:search", "{\"query\":\"" + std::string(1025, 'x') + "\"}", "too_large", "query"},
        Case{"messages:search", "{\"query\":\"tea\",\"channelId\":\"x\"}", "invalid", "channelId"},
        Case{"messages:search", "{\"query\":\"tea\",\"before\":3}", "invalid", "before"},
        Case{"messages:search", "{\"query\":\"tea\",\"limit\":101}", "invalid", "limit"},
        Case{"channels:list", "{}", "ok", ""},
        Case{"channels:list", "{\"limit\":200,\"after\":\"x\"}", "ok", ""},
        Case{"channels:list", "{\"limit\":201}", "invalid", "limit"},
        Case{"members:get", with_channel("\"limit\":200"), "ok", ""},
        Case{"members:get", with_channel("\"after\":\"x\""), "invalid", "after"},
        Case{"sync", "{\"channels\":{}}", "ok", ""},
        Case{"sync", "{\"channels\":{" + std::string(kId) + ":0}}", "ok", ""},
        Case{"sync", "{}", "invalid", "channels"}, Case{"sync", "{\"channels\":[]}", "invalid", "channels"},
        Case{"sync", "{\"channels\":{\"x\":1}}", "invalid", "channels"},
        Case{"sync", "{\"channels\":{" + std::string(kId) + ":-1}}", "invalid", "0123456789abcdef01234567"},
        Case{"sync", "{\"channels\":{" + std::string(kId) + ":\"1\"}}", "invalid", "seq"}));

INSTANTIATE_TEST_SUITE_P(
    Blocks, Check,
    testing::Values(Case{"user:block", "{\"userId\":" + std::string(kId) + '}', "ok", ""},
                    Case{"user:block", "{}", "invalid", "userId"},
                    Case{"user:block", "{\"userId\":[]}", "invalid", "userId"},
                    Case{"user:block", "null", "invalid", "object"},
                    Case{"user:unblock", "{\"userId\":" + std::string(kId) + '}', "ok", ""},
                    Case{"user:unblock", "{\"userId\":\"x\"}", "invalid", "userId"},
                    Case{"user:blocked", "", "ok", ""}, Case{"user:blocked", "null", "ok", ""},
                    Case{"user:blocked", "\"x\"", "invalid", "null"}));

INSTANTIATE_TEST_SUITE_P(
    Receipts, Check,
    testing::Values(
        Case{"receipt:read", with_channel("\"seq\":1"), "ok", ""},
        Case{"receipt:delivered", with_channel("\"seq\":9007199254740991,\"more\":1"), "ok", ""},
        Case{"receipt:read", with_channel(""), "invalid", "\"seq\" is missing"},
        Case{"receipt:read", with_channel("\"seq\":0"), "invalid", "at least 1"},
        Case{"receipt:delivered", with_channel("\"seq\":1.5"), "invalid", "seq"},
        Case{"receipt:delivered", "{\"seq\":1}", "invalid", "channelId"},
        Case{"channel:state", with_channel("\"muted\":true,\"pinned\":false,\"archived\":null"), "ok", ""},
        Case{"channel:state", with_channel("\"unreadFrom\":0"), "ok", ""},
        Case{"channel:state", with_channel("\"notify\":\"none\""), "ok", ""},
        Case{"channel:state", with_channel(""), "invalid", "Give one of"},
        Case{"channel:state", with_channel("\"muted\":null"), "invalid", "Give one of"},
        Case{"channel:state", with_channel("\"pinned\":\"yes\""), "invalid", "\"pinned\" must be true"},
        Case{"channel:state", with_channel("\"archived\":0"), "invalid", "\"archived\" must be true"},
        Case{"channel:state", with_channel("\"notify\":\"some\""), "invalid", "notify"},
        Case{"channel:state", with_channel("\"notify\":1"), "invalid", "notify"},
        Case{"channel:state", with_channel("\"unreadFrom\":\"1\""), "invalid", "unreadFrom"}));

TEST(Verbs, AnUnknownNameIsNoVerb) {
    EXPECT_EQ(find_verb("message:New"), nullptr);
    EXPECT_EQ(find_verb(""), nullptr);
    EXPECT_EQ(find_verb("connect"), nullptr);
}

TEST(ControlCharacters, AreThoseOfUnicodeOnly) {
    EXPECT_FALSE(has_control_characters("\xc2\xa0 \xc3\x82\xc2\xb5 \xe2\x80\xa8", false));
    EXPECT_TRUE(has_control_characters("\xc2\x80", true));
    EXPECT_TRUE(has_control_characters("\x1b[0m", true));
    EXPECT_TRUE(has_control_characters("a\n", false));
    EXPECT_FALSE(has_control_characters("a\n\t\r\n", true));
    EXPECT_TRUE(has_control_characters("\r", true));
}

}  // namespace
}  // namespace warren::gateway
