#include "socketio/packet.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace warren::socketio {
namespace {

std::string text_of(const EncodedPacket& packet) {
    return std::string(packet->text.payload());
}

TEST(EncodePacket, EveryKind) {
    EXPECT_EQ(text_of(encode_event("/", "hi", "")), R"(42["hi"])");
    EXPECT_EQ(text_of(encode_event("/ns", "a \"b\"", R"(1,{"x":2})")), R"(42/ns,["a \"b\"",1,{"x":2}])");
    EXPECT_EQ(text_of(encode_event("/", "ask", "1", 7, {})), R"(427["ask",1])");
    EXPECT_EQ(text_of(encode_ack("/ns", 12, "true")), "43/ns,12[true]");
    EXPECT_EQ(text_of(encode_connect("/", "id")), R"(40{"sid":"id"})");
    EXPECT_EQ(text_of(encode_connect_error("/x", "no", nullptr)), R"(44/x,{"message":"no"})");
    EXPECT_EQ(text_of(encode_connect_error("/", "no", {{"code", 1}})),
              R"(44{"message":"no","data":{"code":1}})");
    EXPECT_EQ(text_of(encode_disconnect("/x")), "41/x,");
    const auto binary =
        encode_event("/", "b", R"({"_placeholder":true,"num":0})", std::nullopt, {"\x01\x02"});
    EXPECT_EQ(text_of(binary), R"(451-["b",{"_placeholder":true,"num":0}])");
    ASSERT_EQ(binary->attachments.size(), 1U);
    EXPECT_EQ(binary->attachments[0].payload(), "\x01\x02");
    EXPECT_TRUE(binary->attachments[0].binary);
}

TEST(ParsePacket, EveryKind) {
    const auto connect = parse_packet(R"(0/admin,{"token":"x"})", {});
    ASSERT_TRUE(connect);
    EXPECT_EQ(connect->type, PacketType::connect);
    EXPECT_EQ(connect->nsp, "/admin");
    EXPECT_EQ(connect->data.at("token"), "x");
    EXPECT_EQ(parse_packet("0", {})->nsp, "/");
    EXPECT_EQ(parse_packet("0/custom", {})->nsp, "/custom");
    EXPECT_EQ(parse_packet("1/custom,", {})->type, PacketType::disconnect);
    const auto event = parse_packet(R"(2/ns,17["m",[1]])", {});
    ASSERT_TRUE(event);
    EXPECT_EQ(event->id, 17U);
    EXPECT_EQ(event->raw, R"(["m",[1]])");
    EXPECT_EQ(parse_packet("39[]", {})->id, 9U);
    const auto binary = parse_packet(R"(52-1["m",{"_placeholder":true,"num":1}])", {});
    ASSERT_TRUE(binary);
    EXPECT_EQ(binary->attachment_count, 2U);
    EXPECT_EQ(binary->id, 1U);
    // A plain event may hold what looks like a placeholder.
    EXPECT_TRUE(parse_packet(R"(2["m",{"_placeholder":true,"num":9}])", {}));
}

TEST(ParsePacket, RefusesEverythingElse) {
    for (const auto* bad : {"",
                            "7",
                            "x",
                            "0[]",
                            "0\"auth\"",
                            "0{",
                            "01",
                            "1{}",
                            "1/x,[]",
                            "2",
                            "2{}",
                            "2[]",
                            "2[null]",
                            "2[[]]",
                            R"(2["connect"])",
                            R"(2["disconnect"])",
                            R"(2["connect_error"])",
                            R"(2["a"]x)",
                            R"(2["a",])",
                            "3[]",
                            "3",
                            "31{}",
                            "4",
                            "4[]",
                            R"(5["m"])",
                            R"(50-["m"])",
                            R"(5-["m"])",
                            R"(5x-["m"])",
                            R"(511-["m"])",
                            R"(51["m"])",
                            R"(51-["m",{"_placeholder":true,"num":1}])",
                            R"(51-["m",{"_placeholder":true,"num":-1}])",
                            R"(51-["m",{"_placeholder":true}])",
                            R"(51-["m",{"_placeholder":true,"num":"0"}])",
                            R"(299999999999999999999["m"])",
                            "2[\"m\",\"\xff\"]",
                            R"(2-1["m"])"}) {
        EXPECT_FALSE(parse_packet(bad, {}).has_value()) << bad;
    }
}

TEST(ParsePacket, HalfAnEmojiIsMended) {
    const auto text = [](std::string_view json) {
        const auto packet = parse_packet("2[\"m\",\"" + std::string(json) + "\"]", {});
        return packet ? std::string(packet->data.at(1).as_string()) : "refused";
    };
    EXPECT_EQ(text(R"(cut \ud83d)"), "cut \xef\xbf\xbd");
    EXPECT_EQ(text(R"(\ude00 and \uD83D\uDE00 whole)"), "\xef\xbf\xbd and \xf0\x9f\x98\x80 whole");
    EXPECT_EQ(text(R"(\ud83d\ud83d\ude00)"), "\xef\xbf\xbd\xf0\x9f\x98\x80");
    EXPECT_EQ(text(R"(\\ud83d)"), R"(\ud83d)");
    EXPECT_EQ(text(R"(\ud83d\)"), "refused");
    EXPECT_EQ(text(R"(\ud83d\u12)"), "refused");
    EXPECT_EQ(parse_packet(R"(2["m","\udc00"])", {})->raw, R"(["m","\ufffd"])");
}

TEST(ParsePacket, LimitsOfDepthAndSize) {
    const auto nested = [](std::size_t n) {
        return "2[\"m\"," + std::string(n, '[') + std::string(n, ']') + "]";
    };
    EXPECT_TRUE(parse_packet(nested(31), {}));
    EXPECT_FALSE(parse_packet(nested(32), {}));
    EXPECT_FALSE(parse_packet(nested(10'000), {}));
    PacketLimits small;
    small.depth_max = 5;
    EXPECT_TRUE(parse_packet(nested(4), small));
    EXPECT_FALSE(parse_packet(nested(5), small));
    small.bytes_max = 100;
    EXPECT_EQ(parse_packet("2[\"m\",\"" + std::string(100, 'x') + "\"]", small).error(), Errc::too_large);
    EXPECT_EQ(parse_packet("0/" + std::string(200, 'n'), {}).error(), Errc::too_large);
}

TEST(Decoder, PutsAttachmentsTogether) {
    const PacketLimits limits;
    Decoder decoder(limits);
    EXPECT_FALSE(decoder.text(R"(52-["m"])").value());
    EXPECT_FALSE(decoder.binary("one").value());
    const auto whole = decoder.binary("two").value();
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->attachments, (Attachments{"one", "two"}));
    EXPECT_TRUE(decoder.text(R"(2["next"])").value());
}

TEST(Decoder, RefusesWhatComesAtTheWrongTime) {
    PacketLimits limits;
    EXPECT_TRUE(Decoder(limits).binary("x").has_error());
    Decoder half(limits);
    ASSERT_TRUE(half.text(R"(51-["m"])").has_value());
    EXPECT_TRUE(half.text(R"(2["m"])").has_error());
    limits.bytes_max = 20;
    Decoder small(limits);
    ASSERT_TRUE(small.text(R"(52-["m"])").has_value());
    EXPECT_TRUE(small.binary("12345").has_value());
    EXPECT_EQ(small.binary("12345678").error(), Errc::too_large);
}

}  // namespace
}  // namespace warren::socketio
