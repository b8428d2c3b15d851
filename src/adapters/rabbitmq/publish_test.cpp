#include "adapters/rabbitmq/rabbit_fixture_test.hpp"

namespace warren::testing {
namespace {

using namespace std::chrono_literals;

class RabbitPublish : public RabbitTest {
protected:
    /// Publishes to `keys` and tells how many publishes that made.
    static double publishes_of(const Node& node, const std::vector<BusKey>& keys) {
        const auto before = node.rabbit->metric("warren_bus_published_total");
        EXPECT_TRUE(node->publish(keys, head(fresh<ChannelId>(), 1)));
        return node.rabbit->metric("warren_bus_published_total") - before;
    }
    static std::vector<BusKey> users(std::size_t count) {
        std::vector<BusKey> keys;
        for (std::size_t i = 0; i < count; ++i)
            keys.emplace_back(fresh<UserId>());
        return keys;
    }
};

TEST_F(RabbitPublish, OnePublishPerPartitionTouched) {
    auto one = start(options(1));
    EXPECT_EQ(publishes_of(one, users(1)), 1);
    EXPECT_EQ(publishes_of(one, users(32)), 1);
    EXPECT_EQ(publishes_of(one, {}), 0);
    auto two = start(options(2));
    EXPECT_EQ(publishes_of(two, users(1)), 1);
    EXPECT_EQ(publishes_of(two, users(64)), 2);
}

TEST_F(RabbitPublish, TenThousandKeysReachTheLastOfThem) {
    auto a = start(options());
    auto b = start(options());
    const auto keys = users(10'000);
    ASSERT_TRUE(b->bind(keys.back()));
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish(keys, head(channel, 1)));
    EXPECT_TRUE(b->heard.wait_for_seq(channel, 1));
    EXPECT_EQ(a.rabbit->metric("warren_bus_published_total"), 3);
}

TEST_F(RabbitPublish, ABodyOfSeveralFramesArrivesWhole) {
    auto a = start(options());
    auto b = start(options());
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(b->bind(user));
    for (const std::size_t bytes : {131'064u, 131'072u, 500'000u}) {
        const auto entry = entry_of(bytes);
        ASSERT_TRUE(a->publish({user}, EntryAnnounced{entry}));
        ASSERT_TRUE(b->heard.wait_for_seq(entry->channel, 1));
        EXPECT_EQ(*b->heard.entry(entry->channel, 1), *entry);
    }
    EXPECT_EQ(a->publish({user}, EntryAnnounced{entry_of(1 << 20)}).error(), Errc::too_large);
}

TEST_F(RabbitPublish, ConfirmsResolveUnderLoad) {
    auto a = start(options());
    auto b = start(options());
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(b->bind(user));
    const auto channel = fresh<ChannelId>();
    std::vector<Task<Result<void>>> publishing;
    std::vector<Seq> expected;
    for (Seq seq = 1; seq <= 10'000; ++seq) {
        publishing.push_back(a->bus().publish({user}, head(channel, seq), in(30s)));
        expected.push_back(seq);
    }
    for (const auto& published : run_tasks(std::move(publishing)))
        ASSERT_TRUE(published);
    EXPECT_EQ(a.rabbit->metric("warren_bus_confirmed_total"), 10'000);
    ASSERT_TRUE(b->heard.wait_for_seq(channel, 10'000));
    EXPECT_EQ(b->heard.seqs(channel), expected);
}

Task<Result<void>> stop_of(MessageBus& bus) {
    co_await bus.stop();
    co_return Result<void>();
}

TEST_F(RabbitPublish, WhatWasAcceptedBeforeStoppingIsConfirmed) {
    auto a = start(options());
    std::vector<Task<Result<void>>> publishing;
    for (int i = 0; i < 3000; ++i)
        publishing.push_back(a->bus().publish({fresh<UserId>()}, EntryAnnounced{entry_of(1000)}, in(30s)));
    publishing.push_back(stop_of(a->bus()));
    for (const auto& published : run_tasks(std::move(publishing)))
        ASSERT_TRUE(published) << published.error().message;
}

TEST_F(RabbitPublish, AStandingListenersQueueIsBoundedAndLosesTheOldest) {
    auto a = start(options());
    auto small = options();
    small.queue_bytes_max = 100'000;
    small.prefetch = 50;
    auto b = make(small);
    const BusKey user = fresh<UserId>();
    b->bus().bind(user);
    b->start_paused();
    ASSERT_TRUE(wait_until([&] { return b->barrier().has_value(); }, 30s));
    const auto channel = fresh<ChannelId>();
    std::vector<Task<Result<void>>> publishing;
    auto entry = *entry_of(400);
    entry.channel = channel;
    for (entry.seq = 1; entry.seq <= 3000; ++entry.seq)
        publishing.push_back(
            a->bus().publish({user}, EntryAnnounced{std::make_shared<const Entry>(entry)}, in(30s)));
    for (const auto& published : run_tasks(std::move(publishing)))
        ASSERT_TRUE(published);
    ASSERT_TRUE(b->barrier());
    const auto queued = b.rabbit->metric("warren_bus_queue_messages");
    EXPECT_GT(queued, 20);
    EXPECT_LT(queued, 250);
    EXPECT_EQ(b.rabbit->metric("warren_bus_consumed_total"), 50);

    b->run_loop();
    ASSERT_TRUE(b->heard.wait_for_seq(channel, 3000));
    EXPECT_LT(b->heard.seqs(channel).size(), 350u);
}

TEST_F(RabbitPublish, WhatIsNotWarrensIsCountedAndPassedOver) {
    auto b = start(options());
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(b->bind(user));
    auto link = rabbitmq::AmqpLink::open(rabbitmq::parse_broker_url(url()).value(), {}).value();
    ASSERT_TRUE(link->open_channel(1));
    const std::string key = "u." + std::get<UserId>(user).hex();
    for (const auto& bytes : {std::string(), std::string("hello"), std::string(2'000'000, '\1')})
        link->send_message(1, exchange(), {key}, bytes);
    rabbitmq::Wake wake;
    struct : rabbitmq::AmqpLink::Frames {
        Result<void> on_frame(const amqp_frame_t&) override { return {}; }
    } ignored;
    while (link->unsent() > 0)
        ASSERT_TRUE(link->pump(100ms, wake, ignored));
    link->close();

    auto a = start(options());
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish({user}, head(channel, 1)));
    ASSERT_TRUE(b->heard.wait_for_seq(channel, 1));
    EXPECT_EQ(b.rabbit->metric("warren_bus_rejected_total"), 3);
    EXPECT_EQ(b.rabbit->metric("warren_bus_consumed_total"), 4);
    EXPECT_EQ(b->heard.states(), "u");
}

}  // namespace
}  // namespace warren::testing
