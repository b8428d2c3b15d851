#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "load/histogram.hpp"
#include "load/order.hpp"
#include "load/people.hpp"
#include "load/talk.hpp"
#include "load/wire.hpp"

namespace warren::load {
namespace {

TEST(Histogram, PercentilesAreNeverTooLowAndAtMost1Point6PercentTooHigh) {
    Histogram histogram;
    std::vector<std::uint64_t> values;
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        values.push_back(random() >> (random() % 40 + 20));
        histogram.record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
        const auto exact = values[static_cast<std::size_t>(percent / 100 * 20'000) - 1];
        EXPECT_GE(histogram.percentile(percent), exact);
        EXPECT_LE(static_cast<double>(histogram.percentile(percent)), static_cast<double>(exact) * 1.016 + 1);
    }
    EXPECT_EQ(histogram.max(), values.back());
    EXPECT_EQ(Histogram().percentile(99), 0U);
}

TEST(Wire, FramesOfEverySizeAreReadAtEverySplit) {
    for (const std::size_t size : {0UL, 125UL, 126UL, 65535UL, 65536UL}) {
        const auto bytes = http::text_frame(std::string(size, 'x')).bytes + "next";
        const auto whole = bytes.size() - 4;
        for (const std::size_t cut : {0UL, 1UL, 2UL, 3UL, 9UL, whole - 1}) {
            if (cut >= whole) continue;
            EXPECT_FALSE(first_frame(std::string_view(bytes).substr(0, cut)));
        }
        const auto frame = first_frame(bytes);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->bytes, whole);
        EXPECT_EQ(frame->payload.size(), size);
    }
    EXPECT_THROW(first_frame("\x01\x01x"), WireError) << "a fragment";
    EXPECT_THROW(first_frame("\x81\x81"), WireError) << "masked";
}

struct Messages : http::FrameSink {
    std::vector<std::string> got;
    void on_frame_message(bool, std::string_view payload) override { got.emplace_back(payload); }
    void on_frame_ping(std::string_view) override {}
    void on_frame_close(std::uint16_t, std::string_view) override {}
    bool wants_frames() const override { return true; }
};

TEST(Wire, TheServerReadsWhatTheGeneratorWrites) {
    Messages messages;
    http::FrameParser parser(1'000'000);
    for (const std::size_t size : {1UL, 124UL, 125UL, 126UL, 65534UL, 65535UL}) {
        std::string bytes;
        append_text_frame(bytes, "4", std::string(size, 'y'));
        EXPECT_EQ(parser.feed(bytes, messages), 0);
        ASSERT_FALSE(messages.got.empty());
        EXPECT_EQ(messages.got.back(), "4" + std::string(size, 'y'));
    }
}

TEST(Wire, PacketsAreToldApart) {
    using Kind = ServerPacket::Kind;
    EXPECT_EQ(parse_server_packet("0{\"sid\":1}").kind, Kind::open);
    EXPECT_EQ(parse_server_packet("2").kind, Kind::ping);
    EXPECT_EQ(parse_server_packet("40{}").kind, Kind::connected);
    EXPECT_EQ(parse_server_packet("44{}").kind, Kind::refused);
    EXPECT_EQ(parse_server_packet("42[\"a\"]").body, "[\"a\"]");
    const auto ack = parse_server_packet("43123[{}]");
    EXPECT_EQ(ack.ack, 123U);
    EXPECT_EQ(ack.body, "[{}]");
}

TEST(Order, IsTheSameForEverybodyWhoeverWasFasterToSend) {
    Order order({{0, 1}}, 2);
    const auto late = order.next_place(0), early = order.next_place(0);
    for (const std::uint32_t connection : {0U, 1U}) {
        EXPECT_TRUE(order.saw(connection, 0, late));
        EXPECT_TRUE(order.saw(connection, 0, early));
    }
    EXPECT_EQ(order.gaps() + order.repeats(), 0U);
}

TEST(Order, RefusesGapsRepeatsAndDisorder) {
    const std::vector<std::vector<std::uint32_t>> conversations{{0, 1}, {1}};
    const auto seen = [&](std::vector<std::uint64_t> places) {
        Order order(conversations, 2);
        for (const auto place : places)
            EXPECT_TRUE(order.saw(0, 0, place));
        return std::pair(order.gaps(), order.repeats());
    };
    EXPECT_EQ(seen({5, 6, 7}), std::pair(0UL, 0UL)) << "the first may be any";
    EXPECT_EQ(seen({5, 7, 8}), std::pair(1UL, 0UL)) << "a gap";
    EXPECT_EQ(seen({5, 6, 6, 7}), std::pair(0UL, 1UL)) << "a repeat";
    EXPECT_EQ(seen({5, 7, 6, 8}), std::pair(1UL, 1UL)) << "disorder";
    Order order(conversations, 2);
    EXPECT_FALSE(order.saw(0, 1, 1)) << "not one of its conversations";
    EXPECT_TRUE(order.saw(1, 0, 1));
    order.interrupted(1);
    EXPECT_TRUE(order.saw(1, 0, 9));
    EXPECT_EQ(order.gaps(), 0U);
}

TEST(Dialects, HearWhatTheySay) {
    const RoomDialect rooms(25, 10, 100);
    EXPECT_EQ(rooms.conversations().size(), 3U);
    const auto said = rooms.message(0, 77);
    EXPECT_EQ(rooms.hear(said.substr(1))->number, 77U);
    EXPECT_FALSE(rooms.hear(R"(["other","0000000001"])"));

    const std::string channel(24, 'c');
    const ChatDialect chat({{"u1", "t1", {channel}}, {"u2", "t2", {channel}}}, 20, true);
    ASSERT_EQ(chat.conversations().size(), 1U);
    EXPECT_EQ(chat.conversations()[0].size(), 2U);
    const auto push = R"(["event",{"event":"message:new","data":{"channelId":")" + channel +
                      R"(","bucket":0,"seq":9,"message":"0000000005xxxxxxxxxx"}}])";
    const auto heard = chat.hear(push);
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->number, 5U);
    EXPECT_EQ(heard->seq, 9U);
    EXPECT_THROW(chat.hear(R"(["event",{"seq":1,"message":"0000000005"}])"), WireError);
}

TEST(Prepare, MakesPeopleWhoShareTheirChannels) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("warren-load-" + std::to_string(::getpid()));
    PrepareOptions options;
    options.data_dir = (folder / "data").string();
    options.out = (folder / "people.jsonl").string();
    options.people = 20;
    options.group_size = 5;
    options.groups_each = 2;
    options.pairs_each = 1;
    options.history = 3;
    std::filesystem::create_directories(folder);
    prepare(options);
    const auto people = read_people(options.out, 0);
    ASSERT_EQ(people.size(), 20U);
    for (const auto& person : people)
        EXPECT_GE(person.channels.size(), 2U);
    const ChatDialect dialect(people, 20, true);
    EXPECT_EQ(dialect.conversations().size(), 8U + 10U);
    EXPECT_THROW(read_people(options.out, 21), std::runtime_error);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace warren::load
