#include <gtest/gtest.h>

#include "model/entry_codec.hpp"
#include "model/ids.hpp"
#include "model/time.hpp"
#include "model/user.hpp"

namespace warren {
namespace {

TEST(Ids, RoundTripAndRefuseEverythingElse) {
    IdMaker maker(0x0102030405);
    const auto id = maker.make<UserId>(WallTime(std::chrono::seconds(0x0a0b0c0d)));
    EXPECT_EQ(id.hex(), "0a0b0c0d0102030405000000");
    EXPECT_EQ(UserId::parse(id.hex()), id);
    EXPECT_NE(maker.make<UserId>(WallTime{}), maker.make<UserId>(WallTime{}));
    for (const auto* bad :
         {"", "0a0b0c0d010203040500000", "0A0b0c0d0102030405000000", "0a0b0c0d01020304050000zz"}) {
        EXPECT_FALSE(UserId::parse(bad)) << bad;
    }
}

TEST(Times, RoundTripAndRefuseEverythingElse) {
    const std::string text = "2026-11-24T03:11:00.007Z";
    ASSERT_TRUE(parse_iso8601(text));
    EXPECT_EQ(to_iso8601(*parse_iso8601(text)), text);
    for (const auto* bad : {"2026-11-24T03:11:00Z", "2026-13-24T03:11:00.000Z", "2026-02-30T03:11:00.000Z",
                            "2026-11-24T24:11:00.000Z", "2026-11-24 03:11:00.000Z"}) {
        EXPECT_FALSE(parse_iso8601(bad)) << bad;
    }
}

TEST(Seqs, BucketsHold128) {
    EXPECT_EQ(bucket_of(1), 0U);
    EXPECT_EQ(bucket_of(128), 0U);
    EXPECT_EQ(bucket_of(129), 1U);
    EXPECT_EQ(first_seq_of(1), 129U);
    EXPECT_EQ(last_seq_of(0), 128U);
}

std::vector<EntryBody> one_body_of_each_kind() {
    IdMaker maker(7);
    const auto a = maker.make<UserId>(WallTime{});
    const auto b = maker.make<UserId>(WallTime{});
    return {MessageBody{"hé \x01\"", "card", R"({"z":1,"a":1.0})", 4, {a, b}, {"f1"}, false},
            EditBody{3, "new", false},
            DeleteBody{3},
            ReactBody{3, "👍", true},
            ReactBody{3, "👍", false},
            MemberBody{MemberOp::role, {{a, Role::admin}, {b, Role::member}}},
            MemberBody{MemberOp::left, {{a, Role::member}}, b},
            ChannelBody{
                ChannelOp::created, true, "tea", "i", HistoryAccess::since_join, "{}", {{a, Role::admin}}},
            ChannelBody{
                ChannelOp::settings, false, "", "", HistoryAccess::all, "{\"a\":1}", {}, true, true, true}};
}

TEST(EntryCodec, RoundTripsEveryKind) {
    IdMaker maker(9);
    for (auto& body : one_body_of_each_kind()) {
        const Entry entry{maker.make<ChannelId>(WallTime{}),
                          5,
                          maker.make<EntryId>(WallTime{}),
                          maker.make<UserId>(WallTime{}),
                          "n1",
                          WallTime(std::chrono::milliseconds(1234567)),
                          3,
                          4,
                          2,
                          1,
                          body};
        EXPECT_EQ(decode_entry(encode_entry(entry)).value(), entry);
        EXPECT_EQ(decode_body(entry.kind(), encode_body(body)).value(), body);
    }
}

TEST(EntryCodec, RefusesDamage) {
    for (const auto* bad : {"", "[]", "{}", R"({"channel":"x","seq":1})", R"({"seq":-1})"}) {
        EXPECT_TRUE(decode_entry(bad).has_error()) << bad;
    }
    EXPECT_TRUE(decode_body(EntryKind::member, R"({"changes":[["zz",1]]})").has_error());
    EXPECT_TRUE(decode_body(EntryKind::channel, R"({"op":9})").has_error());
}

TEST(Users, EmailsCompareInLowerCase) {
    EXPECT_EQ(canonical_email("Ann@Example.ORG"), "ann@example.org");
}

}  // namespace
}  // namespace warren
