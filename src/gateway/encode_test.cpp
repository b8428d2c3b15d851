#include "gateway/encode.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace warren::gateway {
namespace {

namespace json = boost::json;

const auto kChannel = *ChannelId::parse("0123456789abcdef01234567");
const auto kAlice = *UserId::parse("aaaaaaaaaaaaaaaaaaaaaaaa");
const auto kBob = *UserId::parse("bbbbbbbbbbbbbbbbbbbbbbbb");

Entry entry_of(EntryBody body, Seq seq = 129) {
    Entry entry;
    entry.channel = kChannel;
    entry.seq = seq;
    entry.id = *EntryId::parse("eeeeeeeeeeeeeeeeeeeeeeee");
    entry.sender = kAlice;
    entry.nonce = "n\"1";
    entry.at = *parse_iso8601("2026-11-24T03:11:00.000Z");
    entry.count = 7;
    entry.body = std::move(body);
    return entry;
}

MessageBody text_of(std::string text) {
    MessageBody body;
    body.text = std::move(text);
    return body;
}

ChannelBody created_of(std::string name, std::vector<MemberChange> members) {
    ChannelBody body;
    body.is_group = true;
    body.name = std::move(name);
    body.members = std::move(members);
    return body;
}

User bob() {
    User user;
    user.id = kBob;
    user.name = "Bob";
    user.email = "b@x.org";
    user.phone = "12";
    return user;
}

chat::FoldedMessage folded(MessageBody body) {
    chat::FoldedMessage message;
    message.text = body.text;
    message.entry = std::make_shared<Entry>(entry_of(std::move(body)));
    return message;
}

TEST(Encode, AMessageHasTheFieldsOfTheContract) {
    EXPECT_EQ(json::parse(message_json(folded(text_of("hi \"you\"")))), json::parse(R"({
        "_id":"eeeeeeeeeeeeeeeeeeeeeeee","channelId":"0123456789abcdef01234567","bucket":1,"seq":129,"count":7,
        "kind":"message","senderId":"aaaaaaaaaaaaaaaaaaaaaaaa","nonce":"n\"1","message":"hi \"you\"",
        "readReceipt":[],"createdAt":"2026-11-24T03:11:00.000Z","updatedAt":"2026-11-24T03:11:00.000Z"})"));
}

TEST(Encode, DataGoesThroughByteForByte) {
    constexpr std::string_view kData = "{\"z\": 1.0, \"a\":1e2,\"\\u00e4\":12345678901234567890}";
    MessageBody body = text_of("");
    body.type = "poll";
    body.data = kData;
    body.reply_to = 5;
    const auto text = message_json(folded(body));
    EXPECT_NE(text.find("\"data\":" + std::string(kData)), std::string::npos) << text;
    const auto value = json::parse(text);
    EXPECT_EQ(value.at("type"), "poll");
    EXPECT_EQ(value.at("replyTo"), 5);
}

TEST(Encode, AFoldedMessageShowsWhatBecameOfIt) {
    auto message = folded(text_of("old"));
    message.text = "new";
    message.edited_by = 140;
    message.reactions = {{"\"", 2, {kBob, kAlice}}};
    const auto value = json::parse(message_json(message));
    EXPECT_EQ(value.at("message"), "new");
    EXPECT_EQ(value.at("edited"), 140);
    EXPECT_EQ(
        value.at("reactions"),
        json::parse(R"({"\"":{"count":2,"users":["bbbbbbbbbbbbbbbbbbbbbbbb","aaaaaaaaaaaaaaaaaaaaaaaa"]}})"));
    EXPECT_FALSE(value.as_object().contains("deleted"));
}

TEST(Encode, ADeletedMessageShowsNothingOfItself) {
    auto body = text_of("secret");
    body.data = "{\"secret\":1}";
    auto message = folded(body);
    message.text.clear();
    message.deleted_by = 141;
    const auto text = message_json(message);
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
    EXPECT_EQ(json::parse(text).at("deleted"), 141);
    EXPECT_FALSE(json::parse(text).as_object().contains("data"));
}

TEST(Encode, EveryKindOfEntryIsValidJsonAndNamesItself) {
    const std::vector<MemberChange> changes{{kBob, Role::admin}};
    const std::vector<std::pair<EntryBody, std::string_view>> kinds{
        {text_of("x"), "message"},
        {EditBody{3, "y"}, "edit"},
        {DeleteBody{3}, "delete"},
        {ReactBody{3, "+1", true}, "react"},
        {MemberBody{MemberOp::added, changes}, "member"},
        {created_of("tea", changes), "channel"}};
    for (const auto& [body, name] : kinds) {
        const auto entry = entry_of(body);
        const auto value = json::parse(entry_json(entry));
        EXPECT_EQ(value.at("kind").as_string(), name);
        EXPECT_EQ(value.at("seq"), 129);
        if (entry.target() != 0) {
            EXPECT_EQ(value.at("target"), 3);
        }
    }
}

TEST(Encode, ChangesOfAGroupSayWhatTheySet) {
    const auto of = [](EntryBody body) {
        return json::parse(entry_json(entry_of(std::move(body)))).as_object();
    };
    const auto left = of(MemberBody{MemberOp::left, {{kBob, Role::member}}, kAlice});
    EXPECT_EQ(left.at("op").as_string(), "left");
    EXPECT_EQ(left.at("successor").as_string(), kAlice.hex());
    EXPECT_FALSE(of(MemberBody{MemberOp::added, {{kBob, Role::member}}}).contains("successor"));
    ChannelBody body;
    body.op = ChannelOp::settings;
    body.with_image = true;
    body.image = "/a.png";
    auto settings = of(body);
    EXPECT_EQ(settings.at("groupImage").as_string(), "/a.png");
    for (const auto* absent : {"name", "data", "history", "isGroup", "members"})
        EXPECT_FALSE(settings.contains(absent)) << absent;
    body = {};
    body.op = ChannelOp::renamed;
    body.name = "tea";
    EXPECT_EQ(of(body).at("name").as_string(), "tea");
    EXPECT_FALSE(of(body).contains("groupImage"));
}

TEST(Encode, PushesGoUnderTheNamesOfTheContract) {
    chat::Push message{std::make_shared<Entry>(entry_of(text_of("x"))), nullptr, {}};
    EXPECT_EQ(json::parse(push_json(message)).at("event"), "message:new");
    EXPECT_EQ(json::parse(push_json(message)).at("data").at("message"), "x");
    chat::Push member{std::make_shared<Entry>(entry_of(MemberBody{})), nullptr, {}};
    EXPECT_EQ(json::parse(push_json(member)).at("event"), "entry");

    auto view = std::make_shared<chat::ChannelView>();
    view->channel.id = kChannel;
    view->channel.is_group = true;
    view->channel.name = "tea";
    view->members.push_back({std::make_shared<const User>(bob()), Role::admin});
    chat::Push created{std::make_shared<Entry>(entry_of(ChannelBody{}, 1)), view, {}};
    const auto value = json::parse(push_json(created));
    EXPECT_EQ(value.at("event"), "group:new");
    EXPECT_EQ(value.at("data").at("messages"), json::array());
    EXPECT_EQ(value.at("data").at("members"),
              json::parse(R"([{"_id":"bbbbbbbbbbbbbbbbbbbbbbbb","role":"admin",
        "userId":{"_id":"bbbbbbbbbbbbbbbbbbbbbbbb","name":"Bob","email":"b@x.org","phoneNo":"12","image":""}}])"));
    view->channel.is_group = false;
    EXPECT_EQ(json::parse(push_json(created)).at("event"), "group:chat");
}

TEST(Encode, ContactDetailsAppearOnlyWhereTheyWereAskedFor) {
    JsonWriter out;
    write_member(out, {std::make_shared<const User>(bob()), Role::member}, PersonDetail::name_only);
    const auto text = out.take();
    EXPECT_EQ(text.find("b@x.org"), std::string::npos);
    EXPECT_EQ(text.find("phoneNo"), std::string::npos);
}

TEST(Encode, AnErrorHasASentenceACodeAndSometimesATime) {
    EXPECT_EQ(error_json(Error{Errc::invalid, "No \"x\"."}),
              R"({"success":false,"errors":["No \"x\"."],"code":"invalid"})");
    EXPECT_EQ(
        json::parse(error_json(Error{Errc::rate_limited, "Wait.", std::chrono::seconds{3}})).at("retryAfter"),
        3);
    EXPECT_EQ(success_json("[1]"), R"({"success":true,"data":[1]})");
    EXPECT_EQ(resync_json({{kChannel, 9}}),
              R"({"event":"resync","data":{"channels":{"0123456789abcdef01234567":9}}})");
}

TEST(Encode, TheBytesCountedAreEnoughAndNotMuchTooMany) {
    std::vector<Entry> entries;
    for (const auto seq : {Seq{1}, (Seq{1} << 53)}) {
        for (const auto& text :
             {std::string(), std::string("x"), std::string(5000, '"'), std::string(5000, '\x01')}) {
            entries.push_back(entry_of(text_of(text), seq));
            entries.push_back(entry_of(EditBody{seq, text}, seq));
            entries.push_back(entry_of(ReactBody{seq, text, true}, seq));
            MessageBody full{text, text,           "{\"a\":[" + std::string(800, '1') + "]}",
                             seq,  {kBob, kAlice}, {text, "f"}};
            entries.push_back(entry_of(full, seq));
            auto channel = created_of(text, std::vector<MemberChange>(50, {kBob, Role::member}));
            channel.image = text;
            channel.data = "{}";
            entries.push_back(entry_of(channel, seq));
            entries.push_back(entry_of(MemberBody{MemberOp::removed, channel.members}, seq));
        }
    }
    for (auto& entry : entries) {
        entry.count = entry.seq;
        const auto exact = entry_json(entry).size() + 1;
        EXPECT_GE(entry_bytes(entry), exact) << name_of(entry.kind());
        EXPECT_LE(entry_bytes(entry), exact + exact / 4 + 400) << name_of(entry.kind());
        const auto* body = std::get_if<MessageBody>(&entry.body);
        if (!body) continue;
        chat::FoldedMessage message{std::make_shared<Entry>(entry), body->text, Seq{1} << 53, 0, {}};
        message.reactions = {{body->text, 1U << 31, {kBob, kAlice}}, {"x", 1, {kBob}}};
        EXPECT_GE(message_bytes(message), message_json(message).size() + 1);
    }
}

TEST(Encode, NoticesHaveTheFieldsOfTheContract) {
    const auto told = [](Notice notice) {
        chat::NoticePush push;
        push.notice = notice;
        return json::parse(notice_json(push));
    };
    EXPECT_EQ(told(ReceiptNotice{kChannel, kBob, 3, 0}), json::parse(R"({"event": "receipt", "data": {
        "channelId": "0123456789abcdef01234567", "userId": "bbbbbbbbbbbbbbbbbbbbbbbb", "delivered": 3}})"));
    EXPECT_EQ(told(TypingNotice{kChannel, kBob, true, std::chrono::milliseconds(5'500)}),
              json::parse(R"({"event": "typing", "data": {"channelId": "0123456789abcdef01234567",
        "userId": "bbbbbbbbbbbbbbbbbbbbbbbb", "on": true, "ttl": 6}})"));
    EXPECT_EQ(told(TypingNotice{kChannel, kBob, false, {}}),
              json::parse(R"({"event": "typing", "data": {"channelId": "0123456789abcdef01234567",
        "userId": "bbbbbbbbbbbbbbbbbbbbbbbb", "on": false}})"));
    EXPECT_EQ(told(PresenceNotice{kBob, false, *parse_iso8601("2026-11-24T03:11:00.000Z")}),
              json::parse(R"({"event": "presence", "data": {"userId": "bbbbbbbbbbbbbbbbbbbbbbbb",
        "online": false, "lastSeen": "2026-11-24T03:11:00.000Z"}})"));
    const MemberSettings settings{true, false, true, NotifyLevel::mentions, {7, 5}, 3};
    EXPECT_EQ(told(StateNotice{kChannel, kBob, settings, 5}), json::parse(R"({"event": "state", "data": {
        "channelId": "0123456789abcdef01234567", "muted": true, "pinned": false, "archived": true,
        "notify": "mentions", "unreadFrom": 7, "readCount": 5, "revision": 3}})"));
}

}  // namespace
}  // namespace warren::gateway
