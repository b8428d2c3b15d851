#include "http/frame.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace warren::http {
namespace {

struct Record final : FrameSink {
    void on_frame_message(bool binary, std::string_view payload) override {
        said.push_back((binary ? "binary " : "text ") + std::string(payload));
    }
    void on_frame_ping(std::string_view payload) override { said.push_back("ping " + std::string(payload)); }
    void on_frame_close(std::uint16_t code, std::string_view reason) override {
        said.push_back("close " + std::to_string(code) + " " + std::string(reason));
        open = false;
    }
    bool wants_frames() const override { return open; }
    std::vector<std::string> said;
    bool open = true;
};

/// A client's frame: `make_frame`'s, masked.
std::string masked(int opcode, std::string_view payload, bool fin = true) {
    auto frame = make_frame(static_cast<Opcode>(opcode), payload);
    const std::string key = "\x11\x22\x33\x44";
    std::string out = frame.bytes.substr(0, frame.header_bytes);
    if (!fin) out[0] = static_cast<char>(out[0] & 0x7f);
    out[1] = static_cast<char>(out[1] | 0x80);
    out += key;
    for (std::size_t i = 0; i < payload.size(); ++i)
        out += static_cast<char>(payload[i] ^ key[i % 4]);
    return out;
}

std::pair<std::vector<std::string>, int> read(std::string bytes, std::size_t piece = ~std::size_t{0},
                                              std::size_t max = 100'000) {
    Record record;
    FrameParser parser(max);
    std::uint16_t code = 0;
    for (std::size_t at = 0; at < bytes.size() && code == 0; at += std::min(piece, bytes.size())) {
        code = parser.feed(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)), record);
    }
    return {record.said, code};
}

TEST(Frame, LengthsTakeTheFewestBytes) {
    EXPECT_EQ(text_frame("4", "hi").bytes, std::string("\x81\x03") + "4hi");
    EXPECT_EQ(binary_frame(std::string(125, 'x')).header_bytes, 2);
    EXPECT_EQ(binary_frame(std::string(126, 'x')).header_bytes, 4);
    EXPECT_EQ(binary_frame(std::string(65'535, 'x')).header_bytes, 4);
    const auto large = binary_frame(std::string(65'536, 'x'));
    EXPECT_EQ(large.header_bytes, 10);
    EXPECT_EQ(large.payload().size(), 65'536U);
    EXPECT_TRUE(large.binary);
}

TEST(FrameParser, PiecesOfAnySizeSayTheSame) {
    const std::string big(70'000, 'b');
    const auto bytes = masked(1, "4h\xc3\xa4llo") + masked(9, "are you there") + masked(2, big) +
                       masked(1, "4fr", false) + masked(0, "ag", false) + masked(9, "") + masked(0, "ment") +
                       masked(1, "") + masked(8, std::string("\x03\xe8") + "bye") + masked(1, "late");
    const std::vector<std::string> wanted = {
        "text 4h\xc3\xa4llo", "ping are you there", "binary " + big, "ping ", "text 4fragment", "text ",
        "close 1000 bye"};
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 1000UL, 65'536UL, 1'000'000UL}) {
        const auto [said, code] = read(bytes, piece);
        EXPECT_EQ(said, wanted) << "pieces of " << piece;
        EXPECT_EQ(code, 0);
    }
}

TEST(FrameParser, ViolationsHaveTheirCode) {
    const auto changed = [](std::string frame, std::size_t at, int value) {
        frame[at] = static_cast<char>(value);
        return frame;
    };
    const std::vector<std::pair<std::string, int>> violations = {
        {text_frame("not masked").bytes, 1002},
        {changed(masked(1, "x"), 0, 0xc1), 1002},  // A reserved bit.
        {masked(3, "x"), 1002},                    // Unknown opcodes.
        {masked(11, ""), 1002},
        {masked(9, "x", false), 1002},                   // A ping in pieces,
        {masked(9, std::string(126, 'x')), 1002},        // or too long.
        {masked(0, "x"), 1002},                          // Nothing to continue.
        {masked(1, "a", false) + masked(1, "b"), 1002},  // A message inside a message.
        {masked(8, "x"), 1002},                          // Half a close code.
        {masked(8, "\x03\xed"), 1002},                   // 1005 is never sent.
        {masked(8, std::string("\x03\xe8\xff")), 1007},
        {masked(1, "\xc3\x28"), 1007},
        {masked(1, "\xe2\x82", false) + masked(0, "x"), 1007},
        {std::string("\x81\xfe\x00\x05\x00\x00\x00\x00hello", 13), 1002},  // A longer length than needed.
        {std::string("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 14), 1002},
        {masked(2, std::string(100'001, 'x')), 1009},
        {masked(2, std::string(60'000, 'x'), false) + masked(0, std::string(60'000, 'x')), 1009},
    };
    for (std::size_t i = 0; i < violations.size(); ++i) {
        EXPECT_EQ(read(violations[i].first).second, violations[i].second) << i;
        EXPECT_EQ(read(violations[i].first, 1).second, violations[i].second) << i << " byte by byte";
    }
}

TEST(FrameParser, ALengthOverTheLimitIsRefusedBeforeItsBytesCome) {
    EXPECT_EQ(read(masked(2, std::string(100'001, 'x')).substr(0, 14)).second, 1009);
}

TEST(FrameParser, AFragmentedCharacterIsText) {
    const auto [said, code] = read(masked(1, "\xe2\x82", false) + masked(0, "\xac"));
    EXPECT_EQ(said, std::vector<std::string>{"text \xe2\x82\xac"});
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace warren::http
