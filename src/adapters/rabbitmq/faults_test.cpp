#include "adapters/rabbitmq/rabbit_fixture_test.hpp"

namespace warren::testing {
namespace {

using namespace std::chrono_literals;

class RabbitFaults : public RabbitTest {
protected:
    /// Whether a message under `key` reaches any queue now: RabbitMQ returns a mandatory message that does
    /// not.
    bool is_bound(const BusKey& key) {
        auto link = rabbitmq::AmqpLink::open(rabbitmq::parse_broker_url(url()).value(), {}).value();
        EXPECT_TRUE(link->open_channel(1));
        EXPECT_TRUE(link->select_confirms(1));
        const std::string name = "u." + std::get<UserId>(key).hex();
        amqp_basic_publish_t publish{};
        const auto at = exchange();
        publish.exchange = rabbitmq::bytes_of(at);
        publish.routing_key = rabbitmq::bytes_of(name);
        publish.mandatory = 1;
        link->send_method(1, AMQP_BASIC_PUBLISH_METHOD, &publish);
        link->send_empty_content(1);
        struct : rabbitmq::AmqpLink::Frames {
            bool returned = false, confirmed = false;
            Result<void> on_frame(const amqp_frame_t& frame) override {
                if (frame.frame_type != AMQP_FRAME_METHOD) return {};
                returned |= frame.payload.method.id == AMQP_BASIC_RETURN_METHOD;
                confirmed |= frame.payload.method.id == AMQP_BASIC_ACK_METHOD;
                return {};
            }
        } seen;
        rabbitmq::Wake wake;
        while (!seen.confirmed) {
            const auto pumped = link->pump(100ms, wake, seen);
            EXPECT_TRUE(pumped);
            if (!pumped) break;
        }
        return !seen.returned;
    }
};

TEST_F(RabbitFaults, ACutConnectionComesBackWithItsBindings) {
    BrokerProxy proxy(RealServer::rabbitmq().port());
    auto a = start(options());
    auto b = start(options_by(proxy));
    const BusKey kept = fresh<UserId>();
    const BusKey dropped = fresh<UserId>();
    const BusKey added = fresh<UserId>();
    b->bus().bind(dropped);
    ASSERT_TRUE(b->bind(kept));

    proxy.cut();
    ASSERT_TRUE(b->heard.wait_for_states("ud"));
    EXPECT_EQ(b->publish({kept}, head(fresh<ChannelId>(), 1)).error(), Errc::unavailable);
    EXPECT_EQ(b->barrier().error(), Errc::unavailable);
    EXPECT_TRUE(b.rabbit->bus->trouble());
    EXPECT_TRUE(wait_until([&] { return !is_bound(kept); }, 10s));
    b->bus().bind(added);
    b->bus().unbind(dropped);

    proxy.let_through();
    ASSERT_TRUE(b->heard.wait_for_states("udu"));
    EXPECT_FALSE(b.rabbit->bus->trouble());
    EXPECT_GE(b.rabbit->metric("warren_bus_losses_total"), 1);
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish({dropped}, head(channel, 1)));
    ASSERT_TRUE(a->publish({kept}, head(channel, 2)));
    ASSERT_TRUE(a->publish({added}, head(channel, 3)));
    ASSERT_TRUE(b->heard.wait_for_seq(channel, 3));
    EXPECT_EQ(b->heard.seqs(channel), (std::vector<Seq>{2, 3}));
    EXPECT_TRUE(b->publish({kept}, head(channel, 4)));
    EXPECT_EQ(b->heard.states(), "udu");
}

TEST_F(RabbitFaults, ADeadNodesQueueAndBindingsGoByThemselves) {
    BrokerProxy proxy(RealServer::rabbitmq().port());
    const BusKey user = fresh<UserId>();
    auto b = start(options_by(proxy));
    ASSERT_TRUE(b->bind(user));
    EXPECT_TRUE(is_bound(user));
    proxy.cut();
    EXPECT_TRUE(wait_until([&] { return !is_bound(user); }, 10s));
}

TEST_F(RabbitFaults, WhatWasNotConfirmedAtALossIsUnavailable) {
    BrokerProxy proxy(RealServer::rabbitmq().port());
    auto a = start(options_by(proxy));
    proxy.silence();
    std::vector<Task<Result<void>>> publishing;
    for (Seq seq = 1; seq <= 100; ++seq)
        publishing.push_back(a->bus().publish({fresh<UserId>()}, head(fresh<ChannelId>(), seq), in(30s)));
    const std::jthread cutting([&] {
        wait_until([&] { return a.rabbit->metric("warren_bus_published_total") == 100; }, 10s);
        proxy.cut();
    });
    for (const auto& published : run_tasks(std::move(publishing)))
        EXPECT_EQ(published.error(), Errc::unavailable);
}

TEST_F(RabbitFaults, DeadlinesAreKeptWhileTheBrokerIsSilent) {
    BrokerProxy proxy(RealServer::rabbitmq().port());
    auto a = start(options_by(proxy));
    proxy.silence();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run_task(a->bus().publish({fresh<UserId>()}, head(fresh<ChannelId>(), 1), in(100ms))).error(),
              Errc::timed_out);
    EXPECT_EQ(run_task(a->bus().barrier(in(100ms))).error(), Errc::timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    EXPECT_EQ(run_task(a->bus().publish({fresh<UserId>()}, head(fresh<ChannelId>(), 1), in(-1s))).error(),
              Errc::timed_out);
    EXPECT_EQ(run_task(a->bus().barrier(in(-1s))).error(), Errc::timed_out);
}

TEST_F(RabbitFaults, MissedHeartbeatsAreALoss) {
    BrokerProxy proxy(RealServer::rabbitmq().port());
    auto watchful = options_by(proxy);
    watchful.heartbeat = 1s;
    auto a = start(watchful);
    // An idle connection that is not silent stays.
    EXPECT_FALSE(a->heard.wait([] { return false; }, 4s));
    EXPECT_EQ(a->heard.states(), "u");
    proxy.silence();
    EXPECT_TRUE(a->heard.wait_for_states("udu"));
}

TEST_F(RabbitFaults, WhatWaitsForASilentBrokerIsBounded) {
    BrokerProxy proxy(RealServer::rabbitmq().port());
    auto tight = options_by(proxy);
    tight.publish_bytes_max = 10'000;
    auto a = start(tight);
    proxy.silence();
    std::vector<Task<Result<void>>> publishing;
    for (int i = 0; i < 100; ++i)
        publishing.push_back(a->bus().publish({fresh<UserId>()}, EntryAnnounced{entry_of(500)}, in(1s)));
    std::size_t refused = 0;
    for (const auto& published : run_tasks(std::move(publishing)))
        refused += published.error().code == Errc::overloaded ? 1 : 0;
    EXPECT_GT(refused, 80u);
    EXPECT_LT(refused, 99u);
}

TEST_F(RabbitFaults, TheNextAddressIsTried) {
    BrokerProxy first(RealServer::rabbitmq().port());
    BrokerProxy second(RealServer::rabbitmq().port());
    first.cut();
    auto a = start(fast_options(prefix_, {{first.url(), second.url()}}));
    EXPECT_GE(second.accepted(), 2u);
    first.let_through();
    second.cut();
    EXPECT_TRUE(a->heard.wait_for_states("udu"));
    EXPECT_TRUE(a->publish({fresh<UserId>()}, head(fresh<ChannelId>(), 1)));
}

TEST_F(RabbitFaults, OnePartitionOfTwoAwayIsDown) {
    BrokerProxy proxy(RealServer::rabbitmq().port());
    auto a = start(fast_options(prefix_, {{url()}, {proxy.url()}}));
    proxy.cut();
    ASSERT_TRUE(a->heard.wait_for_states("ud"));
    EXPECT_EQ(a->barrier().error(), Errc::unavailable);
    proxy.let_through();
    ASSERT_TRUE(a->heard.wait_for_states("udu"));
    EXPECT_TRUE(a->barrier());
}

TEST_F(RabbitFaults, ABrokerShortOfMemoryIsDownUntilItIsNot) {
    auto a = start(options());
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(a->bind(user));
    struct Enough {
        ~Enough() { ctl({"set_vm_memory_high_watermark", "absolute", "1GB"}); }
    };
    std::optional<Enough> enough_after(std::in_place);
    ctl({"set_vm_memory_high_watermark", "0.00001"});
    // The broker tells a connection when it publishes next.
    (void)run_task(a->bus().publish({user}, head(fresh<ChannelId>(), 1), in(5s)));
    ASSERT_TRUE(a->heard.wait_for_states("ud"));
    EXPECT_EQ(a->publish({user}, head(fresh<ChannelId>(), 1)).error(), Errc::unavailable);
    EXPECT_TRUE(a->barrier());
    enough_after.reset();
    ASSERT_TRUE(a->heard.wait_for_states("udu"));
    const auto channel = fresh<ChannelId>();
    EXPECT_TRUE(a->publish({user}, head(channel, 2)));
    EXPECT_TRUE(a->heard.wait_for_seq(channel, 2));
}

TEST_F(RabbitFaults, ADeletedQueueIsMadeAnew) {
    auto a = start(options());
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(a->bind(user));
    std::istringstream queues(ctl({"list_queues", "--no-table-headers", "name"}));
    for (std::string name; std::getline(queues, name);)
        ctl({"delete_queue", name});
    ASSERT_TRUE(a->heard.wait_for_states("udu"));
    const auto channel = fresh<ChannelId>();
    EXPECT_TRUE(a->publish({user}, head(channel, 1)));
    EXPECT_TRUE(a->heard.wait_for_seq(channel, 1));
}

TEST_F(RabbitFaults, ARestartedBrokerIsFoundAgain) {
    RealServer broker(ServerKind::rabbitmq);
    auto a = start(fast_options(prefix_, {{broker.url()}}));
    auto b = start(fast_options(prefix_, {{broker.url()}}));
    const BusKey user = fresh<UserId>();
    ASSERT_TRUE(b->bind(user));
    broker.stop();
    ASSERT_TRUE(a->heard.wait_for_states("ud"));
    ASSERT_TRUE(b->heard.wait_for_states("ud"));
    EXPECT_EQ(a->publish({user}, head(fresh<ChannelId>(), 1)).error(), Errc::unavailable);
    broker.start();
    ASSERT_TRUE(a->heard.wait_until_up());
    ASSERT_TRUE(b->heard.wait_until_up());
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(a->publish({user}, head(channel, 1)));
    EXPECT_TRUE(b->heard.wait_for_seq(channel, 1));
}

}  // namespace
}  // namespace warren::testing
