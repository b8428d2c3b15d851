#include "engineio/payload.hpp"

#include <gtest/gtest.h>

#include "engineio/sid.hpp"

namespace warren::engineio {
namespace {

std::vector<std::string> split(std::string_view payload) {
    std::vector<std::string> out;
    for_each_packet(payload, [&](std::string_view text) {
        out.emplace_back(text);
        return true;
    });
    return out;
}

TEST(Packet, TextAndBase64) {
    const auto text = parse_text_packet("4hello");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->type, PacketType::message);
    EXPECT_EQ(text->content(), "hello");
    const auto binary = parse_text_packet("bAQIDBA==");
    ASSERT_TRUE(binary);
    EXPECT_TRUE(binary->binary);
    EXPECT_EQ(binary->content(), "\x01\x02\x03\x04");
    EXPECT_EQ(parse_text_packet("2probe")->content(), "probe");
    for (const auto* bad : {"", "7", "x", "b*", "bA", "-1"})
        EXPECT_FALSE(parse_text_packet(bad)) << bad;
}

TEST(Payload, Splits) {
    EXPECT_EQ(split("4a\x1e"
                    "bAQ==\x1e"
                    "3"),
              (std::vector<std::string>{"4a", "bAQ==", "3"}));
    EXPECT_EQ(split(""), std::vector<std::string>{""});
    EXPECT_EQ(split("4a\x1e"), (std::vector<std::string>{"4a", ""}));
}

TEST(Payload, Encodes) {
    const auto frame = [](http::Frame f) { return std::make_shared<const http::Frame>(std::move(f)); };
    EXPECT_EQ(encode_payload({frame(http::text_frame("4", "a")),
                              frame(http::binary_frame("\x01\x02\x03\x04")), frame(http::text_frame("2"))}),
              "4a\x1e"
              "bAQIDBA==\x1e"
              "2");
}

TEST(Sid, NamesItsPlaceAndIsNotGuessed) {
    const auto sid = make_sid(0xabcdef, 0x1234), other = make_sid(0xabcdef, 0x1234);
    EXPECT_NE(sid.secret, other.secret);
    const auto text = sid.text();
    EXPECT_EQ(text.size(), 28U);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              text.npos);
    EXPECT_EQ(parse_sid(text), sid);
    EXPECT_FALSE(parse_sid(text.substr(1)));
    EXPECT_FALSE(parse_sid(text + "A"));
    EXPECT_FALSE(parse_sid("!" + text.substr(1)));
}

}  // namespace
}  // namespace warren::engineio
