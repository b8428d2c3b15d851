#include <gtest/gtest.h>

#include <random>
#include <set>

#include "adapters/rabbitmq/body_codec.hpp"
#include "adapters/rabbitmq/partition_map.hpp"

namespace warren::rabbitmq {
namespace {

template <class AnyId>
AnyId id_of(std::uint8_t first) {
    AnyId id;
    for (std::size_t i = 0; i < id.bytes.size(); ++i)
        id.bytes[i] = static_cast<std::uint8_t>(first + i);
    return id;
}

EntryPtr some_entry() {
    Entry entry;
    entry.channel = id_of<ChannelId>(1);
    entry.seq = 300;
    entry.id = id_of<EntryId>(2);
    entry.sender = id_of<UserId>(3);
    entry.nonce = "n";
    MessageBody body;
    body.text = "hi";
    entry.body = body;
    return std::make_shared<const Entry>(std::move(entry));
}

TEST(BodyCodec, EveryMessageComesBackAsItWas) {
    const auto entry = some_entry();
    const auto back = decode(encode(BusMessage(EntryAnnounced{entry})));
    ASSERT_TRUE(back);
    EXPECT_EQ(*std::get<EntryAnnounced>(std::get<BusMessage>(*back)).entry, *entry);

    const auto head = decode(encode(BusMessage(HeadAnnounced{id_of<ChannelId>(200), 0x0102030405060708ULL})));
    ASSERT_TRUE(head);
    EXPECT_EQ(std::get<HeadAnnounced>(std::get<BusMessage>(*head)).channel, id_of<ChannelId>(200));
    EXPECT_EQ(std::get<HeadAnnounced>(std::get<BusMessage>(*head)).seq, 0x0102030405060708ULL);

    const auto beat = decode(encode(ControlMessage(Beat{id_of<NodeId>(9), 7, ~0ULL})));
    ASSERT_TRUE(beat);
    EXPECT_EQ(std::get<Beat>(std::get<ControlMessage>(*beat)).number, 7u);
    EXPECT_EQ(std::get<Beat>(std::get<ControlMessage>(*beat)).partition_map_hash, ~0ULL);
    for (const ControlMessage& sent :
         {ControlMessage(Goodbye{id_of<NodeId>(4)}), ControlMessage(SignedOut{id_of<UserId>(5)}),
          ControlMessage(AuditAll{id_of<NodeId>(6)})}) {
        const auto got = decode(encode(sent));
        ASSERT_TRUE(got);
        EXPECT_EQ(std::get<ControlMessage>(*got).index(), sent.index());
        EXPECT_EQ(encode(std::get<ControlMessage>(*got)), encode(sent));
    }
}

std::vector<std::string> notices() {
    const auto channel = id_of<ChannelId>(1);
    const auto user = id_of<UserId>(2);
    const std::vector<Notice> all = {
        ReceiptNotice{channel, user, 0x0102030405060708ULL, 9},
        TypingNotice{channel, user, true, std::chrono::milliseconds(6'001)},
        PresenceNotice{user, true, WallTime(std::chrono::milliseconds(1'700'000'000'123))},
        StateNotice{channel, user, {true, false, true, NotifyLevel::mentions, {7, 5}, 3}, 5}};
    std::vector<std::string> out;
    for (const auto& notice : all) {
        const NoticeAnnounced announced{id_of<NodeId>(9), std::make_shared<const Notice>(notice), {user}};
        out.push_back(encode(BusMessage(announced)));
        const auto back = decode(out.back());
        if (!back) return {};
        const auto& told = std::get<NoticeAnnounced>(std::get<BusMessage>(*back));
        EXPECT_EQ(*told.notice, notice);
        EXPECT_EQ(told.from, announced.from);
        EXPECT_EQ(told.to, announced.to);
    }
    return out;
}

TEST(BodyCodec, EveryNoticeComesBackAsItWas) {
    EXPECT_EQ(notices().size(), std::variant_size_v<Notice>);
}

TEST(BodyCodec, ANoticeForMoreThanIsAllowedOrOfAnUnknownKindIsRefused) {
    const NoticeAnnounced sent{id_of<NodeId>(9), std::make_shared<const Notice>(StateNotice()),
                               std::vector<UserId>(kNamedMax)};
    auto bytes = encode(BusMessage(sent));
    EXPECT_TRUE(decode(bytes));
    auto more = sent;
    more.to.emplace_back();
    EXPECT_TRUE(decode(encode(BusMessage(more))).has_error());
    const auto kind_at = 2 + 12 + 8 + 12 * kNamedMax;
    ASSERT_EQ(bytes[kind_at], 's');
    bytes[kind_at] = 'z';
    EXPECT_TRUE(decode(bytes).has_error());
}

TEST(BodyCodec, PresenceComesBackAsItWas) {
    const PresenceTold told{id_of<NodeId>(9),
                            std::chrono::milliseconds(45'000),
                            {{id_of<UserId>(1), true, WallTime(std::chrono::milliseconds(1'700'000'000'123))},
                             {id_of<UserId>(2), false, {}}}};
    const auto back = decode(encode(BusMessage(told)));
    ASSERT_TRUE(back);
    const auto& heard = std::get<PresenceTold>(std::get<BusMessage>(*back));
    EXPECT_EQ(heard.from, told.from);
    EXPECT_EQ(heard.ttl, told.ttl);
    EXPECT_EQ(heard.people, told.people);

    const PresenceAsked asked{id_of<NodeId>(9), {id_of<UserId>(1), id_of<UserId>(2)}};
    const auto question = decode(encode(BusMessage(asked)));
    ASSERT_TRUE(question);
    EXPECT_EQ(std::get<PresenceAsked>(std::get<BusMessage>(*question)).from, asked.from);
    EXPECT_EQ(std::get<PresenceAsked>(std::get<BusMessage>(*question)).users, asked.users);

    const PresenceAsked many{id_of<NodeId>(9), std::vector<UserId>(kNamedMax + 1)};
    EXPECT_TRUE(decode(encode(BusMessage(many))).has_error());
}

TEST(BodyCodec, EveryShorterAndLongerBodyIsRefused) {
    std::vector<std::string> all = notices();
    const std::vector<UserId> two{id_of<UserId>(1), id_of<UserId>(2)};
    all.push_back(encode(BusMessage(PresenceAsked{id_of<NodeId>(9), two})));
    all.push_back(encode(BusMessage(PresenceTold{id_of<NodeId>(9), {}, {{two[0], true, {}}}})));
    const std::vector<std::string> others = {encode(BusMessage(HeadAnnounced{id_of<ChannelId>(1), 5})),
                                             encode(BusMessage(EntryAnnounced{some_entry()})),
                                             encode(ControlMessage(Beat{id_of<NodeId>(9), 7, 1})),
                                             encode(ControlMessage(Goodbye{id_of<NodeId>(9)}))};
    all.insert(all.end(), others.begin(), others.end());
    for (const auto& bytes : all) {
        for (std::size_t size = 0; size < bytes.size(); ++size)
            EXPECT_TRUE(decode(std::string_view(bytes).substr(0, size)).has_error()) << bytes[1] << size;
        EXPECT_TRUE(decode(bytes + 'x').has_error()) << bytes[1];
    }
}

TEST(BodyCodec, OtherVersionsKindsAndSizesAreRefused) {
    auto bytes = encode(ControlMessage(Goodbye{id_of<NodeId>(9)}));
    auto newer = bytes;
    newer[0] = 2;
    EXPECT_TRUE(decode(newer).has_error());
    auto unknown = bytes;
    unknown[1] = 'Z';
    EXPECT_TRUE(decode(unknown).has_error());
    EXPECT_TRUE(decode(std::string("\1E{}", 4)).has_error());
    EXPECT_TRUE(decode("\1E" + std::string(kBodyBytesMax, ' ')).has_error());
    EXPECT_TRUE(decode("\1E" + std::string(10'000, '[')).has_error());
}

TEST(BodyCodec, AnyBytesAreTakenOrRefused) {
    std::mt19937 random(7);
    const auto whole = encode(BusMessage(EntryAnnounced{some_entry()}));
    for (int round = 0; round < 20'000; ++round) {
        auto bytes = whole;
        for (int i = 0; i < 3; ++i)
            bytes[2 + random() % (bytes.size() - 2)] = static_cast<char>(random());
        (void)decode(bytes);
    }
}

TEST(PartitionMap, RoutingKeysNameTheThing) {
    EXPECT_EQ(routing_key(id_of<UserId>(0)), "u.000102030405060708090a0b");
    EXPECT_EQ(routing_key(id_of<ChannelId>(0)), "c.000102030405060708090a0b");
    EXPECT_EQ(routing_key(WatchKey{id_of<UserId>(0)}), "w.000102030405060708090a0b");
}

// Nodes of different versions and machines must agree: these values never change.
TEST(PartitionMap, TheHashIsTheSameEverywhere) {
    EXPECT_EQ(stable_hash(""), 0xefd01f60ba992926ULL);
    EXPECT_EQ(stable_hash("u.000102030405060708090a0b"), 0xdca81d663d6b10c8ULL);
    EXPECT_EQ(partition_of("u.000102030405060708090a0b", 1), 0u);
}

TEST(PartitionMap, IdsMadeInARowAreSpreadEvenly) {
    IdMaker maker(42);
    for (const std::size_t partitions : {2u, 3u, 4u, 7u}) {
        std::vector<int> hits(partitions);
        for (int i = 0; i < 10'000; ++i)
            ++hits[partition_of(routing_key(maker.make<UserId>(WallTime{})), partitions)];
        for (const int n : hits)
            EXPECT_NEAR(n, 10'000 / static_cast<int>(partitions), 300);
    }
}

std::vector<BrokerAddress> addresses(const std::vector<std::string>& urls) {
    std::vector<BrokerAddress> out;
    for (const auto& url : urls)
        out.push_back(parse_broker_url(url).value());
    return out;
}

TEST(PartitionMap, ItsHashTellsMapsApartAndNothingElse) {
    const auto a = addresses({"amqp://a/", "amqp://a2/"});
    const auto b = addresses({"amqp://b/", "amqp://b2/"});
    const auto same_b = addresses({"amqp://u:p@B2:5672/%2f", "amqp://b"});
    const auto c = addresses({"amqp://c/"});
    EXPECT_EQ(hash_partition_map({a}), hash_partition_map({b}));
    EXPECT_EQ(hash_partition_map({a, b}), hash_partition_map({a, same_b}));
    EXPECT_NE(hash_partition_map({a, b}), hash_partition_map({a, c}));
    EXPECT_NE(hash_partition_map({a, b, c}), hash_partition_map({a, c, b}));
    EXPECT_NE(hash_partition_map({a}), hash_partition_map({a, b}));
}

TEST(BrokerAddress, UrlsAreReadAndWrongOnesSayWhat) {
    const auto address = parse_broker_url("amqp://us%40er:p%3Aw@Broker:5673/my%2Fhost");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "broker");
    EXPECT_EQ(address->port, 5673);
    EXPECT_EQ(address->user, "us@er");
    EXPECT_EQ(address->password, "p:w");
    EXPECT_EQ(address->vhost, "my/host");
    EXPECT_EQ(address->name(), "broker:5673/my/host");
    EXPECT_EQ(parse_broker_url("amqp://h").value().vhost, "/");
    EXPECT_EQ(parse_broker_url("amqp://h/").value().vhost, "/");
    EXPECT_EQ(parse_broker_url("amqp://h/").value().user, "guest");
    for (const char* wrong : {"", "h:5672", "http://h", "amqps://u:secret@h", "amqp://u:secret@h:port/"}) {
        const auto parsed = parse_broker_url(wrong);
        ASSERT_TRUE(parsed.has_error()) << wrong;
        EXPECT_EQ(parsed.error(), Errc::invalid);
        EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos);
    }
}

}  // namespace
}  // namespace warren::rabbitmq
