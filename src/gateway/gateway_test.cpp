#include "gateway/gateway.hpp"

#include <gmock/gmock.h>

#include "gateway/fixture_test.hpp"

namespace warren::gateway::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Stays = NoChannels::Stays;

TEST_F(GatewayTest, NothingIsPushedBeforeTheConnectAnswer) {
    const auto connection = make(1);
    auto admission = admit(connection);
    const auto client =
        std::static_pointer_cast<Registration>(std::get<socketio::Accept>(admission).context)->client;
    on(chat_shard(), [&] { client->push(push_of("early")); });
    settle();
    EXPECT_THAT(connection->said(), IsEmpty());
    accept(connection, std::move(admission));
    EXPECT_THAT(connection->said(), ElementsAre(HasSubstr("early")));
}

TEST_F(GatewayTest, TooMuchBeforeTheConnectAnswerClosesTheTransport) {
    Options options;
    options.early_bytes_max = 1000;
    start(options);
    const auto connection = make(1);
    auto admission = admit(connection);
    const auto client =
        std::static_pointer_cast<Registration>(std::get<socketio::Accept>(admission).context)->client;
    on(chat_shard(), [&] { client->push(push_of(std::string(2000, 'x'))); });
    settle();
    accept(connection, std::move(admission));
    EXPECT_TRUE(eventually([&] { return !connection->said().empty(); }));
    EXPECT_THAT(connection->said(), ElementsAre("close"));
}

TEST_F(GatewayTest, OnlyATokenKnownToBeBadIsRefused) {
    const auto message = [&](const ConnectionPtr& connection) {
        const auto admission = admit(connection);
        const auto* refuse = std::get_if<socketio::Refuse>(&admission);
        if (refuse) return refuse->message;
        return std::string(std::holds_alternative<socketio::Accept>(admission) ? "accept" : "close");
    };
    EXPECT_EQ(message(make(1)), "accept");
    EXPECT_EQ(message(make(1, "")), "Token not found");
    EXPECT_EQ(message(make(1, "bad")), "Invalid token");
    users_.reachable = false;
    EXPECT_EQ(message(make(1)), "close");
    EXPECT_TRUE(eventually([&] { return gateway_->connection_count() == 0; }));
    EXPECT_EQ(subscribers(), 0);
}

TEST_F(GatewayTest, ASignOutDuringTheAdmissionIsNotMissed) {
    connect(1);
    EXPECT_EQ(users_.rechecks, 0) << "nobody signed out: one look is enough";
    auto& delivery = chat_->delivery();
    const auto ends_at_a_look = [&](std::function<void()> told) {
        users_.signed_in = true;
        users_.looked = [&, told] {
            users_.signed_in = false;
            told();
        };
        return std::holds_alternative<socketio::Refuse>(admit(make(1)));
    };
    EXPECT_TRUE(ends_at_a_look([&] { delivery.on_control(SignedOut{users_.user.id}); }));
    EXPECT_TRUE(ends_at_a_look([&] { delivery.on_up(); })) << "it was told while the bus was away";
}

TEST_F(GatewayTest, AConnectionThatGoesIsForgotten) {
    const auto connection = connect(1);
    EXPECT_EQ(gateway_->connection_count(), 1);
    EXPECT_EQ(subscribers(), 1);
    on(*shards_[1], [&] { connection->end("gone"); });
    EXPECT_TRUE(eventually([&] { return gateway_->connection_count() == 0; }));
    EXPECT_EQ(subscribers(), 0);
}

TEST_F(GatewayTest, AConnectionThatGoesDuringItsAdmissionIsForgotten) {
    { const auto admission = admit(make(1)); }
    EXPECT_TRUE(eventually([&] { return gateway_->connection_count() == 0; }));
    EXPECT_EQ(subscribers(), 0);
}

TEST_F(GatewayTest, ConnectionsOfAPersonAndOfAnAddressAreCounted) {
    Options options;
    options.connections_per_user_max = 1;
    start(options);
    auto first = connect(1);
    EXPECT_TRUE(std::holds_alternative<socketio::CloseTransport>(admit(make(2))));
    on(*shards_[1], [&] { first->end("gone"); });
    EXPECT_TRUE(eventually([&] { return gateway_->connection_count() == 0; }));
    connect(2);

    options.connections_per_user_max = 0;
    options.connections_per_address_max = 1;
    start(options);
    first = connect(1);
    EXPECT_TRUE(std::holds_alternative<socketio::CloseTransport>(admit(make(2))));
}

TEST_F(GatewayTest, AHandlerThatThrowsIsAnsweredInternal) {
    const auto connection = connect(1);
    channels_.stays = Stays::throws;
    send(connection, "channels:list");
    send(connection, "channels:get", 8);
    EXPECT_TRUE(eventually([&] { return connection->said().size() == 2; }));
    EXPECT_THAT(connection->said(), ::testing::Contains(HasSubstr("internal")));
    channels_.stays = Stays::none;
    send(connection, "server:info", 9);
    EXPECT_TRUE(eventually([&] { return connection->said().size() == 3; }));
    EXPECT_THAT(connection->said().back(), HasSubstr("\"success\":true"));
}

TEST_F(GatewayTest, AHandlerThatNeverEndsIsAnsweredOnce) {
    Options options;
    options.event_timeout = 10ms;
    start(options);
    const auto connection = connect(1);
    channels_.stays = Stays::never_comes;
    send(connection, "channels:get");
    EXPECT_TRUE(eventually([&] { return !connection->said().empty(); }));
    EXPECT_THAT(connection->said(), ElementsAre(HasSubstr("\"code\":\"timed_out\"")));
}

TEST_F(GatewayTest, TooManyEventsAtOnceAreRefused) {
    Options options;
    options.events_in_flight_max = 2;
    start(options);
    const auto connection = connect(1);
    channels_.stays = Stays::never_comes;
    for (std::uint64_t i = 0; i < 3; ++i)
        send(connection, "channels:get", i);
    EXPECT_TRUE(eventually([&] { return !connection->said().empty(); }));
    EXPECT_THAT(connection->said(), ElementsAre(HasSubstr("\"code\":\"overloaded\"")));
}

TEST_F(GatewayTest, ConnectionsOfEndedSessionsAreEndedForGood) {
    const auto connection = connect(1);
    recheck();
    EXPECT_THAT(connection->said(), IsEmpty());
    users_.signed_in = false;
    recheck();
    EXPECT_TRUE(eventually([&] { return !connection->said().empty(); }));
    EXPECT_THAT(connection->said(), ElementsAre("disconnect"));
}

TEST_F(GatewayTest, ConnectionsOfSuspendedPeopleAreEndedForGood) {
    const auto connection = connect(1);
    users_.user.status = UserStatus::suspended;
    recheck();
    EXPECT_TRUE(eventually([&] { return !connection->said().empty(); }));
    EXPECT_THAT(connection->said(), ElementsAre("disconnect"));
}

TEST_F(GatewayTest, ARecheckThatFailedIsRepeatedSoon) {
    Options options;
    options.recheck_period = 1s;
    start(options);
    const auto connection = connect(1);
    users_.reachable = false;
    const int before = users_.rechecks;
    EXPECT_TRUE(eventually([&] { return users_.rechecks >= before + 2; })) << "goes on after a failure";
    EXPECT_THAT(connection->said(), IsEmpty()) << "not to know is no reason to end anything";
    users_.signed_in = false;
    users_.reachable = true;
    EXPECT_TRUE(eventually([&] { return !connection->said().empty(); }));
    EXPECT_THAT(connection->said(), ElementsAre("disconnect"));
}

TEST_F(GatewayTest, SessionsAreRecheckedByThemselves) {
    Options options;
    options.recheck_period = 0s;
    start(options);
    const auto connection = connect(1);
    users_.signed_in = false;
    EXPECT_TRUE(eventually([&] { return !connection->said().empty(); }));
    EXPECT_THAT(connection->said(), ElementsAre("disconnect"));
}

TEST_F(GatewayTest, ADrainAnswersWhatWasTakenAndClosesTransports) {
    Options options;
    options.event_timeout = 10ms;
    start(options);
    const auto busy = connect(1);
    const auto idle = connect(2);
    channels_.stays = Stays::never_comes;
    send(busy, "channels:get", 1);
    auto draining = gateway_->drain(0ms);
    auto drained = asio::co_spawn(chat_shard().executor(), std::move(draining), asio::use_future);
    EXPECT_TRUE(eventually([&] { return !idle->said().empty(); }));
    on(*shards_[1], [] {});
    send(busy, "channels:get", 2);
    drained.get();
    EXPECT_THAT(idle->said(), ElementsAre("close"));
    EXPECT_THAT(busy->said(), ElementsAre(HasSubstr("unavailable"), HasSubstr("timed_out"), "close"));
    EXPECT_EQ(gateway_->connection_count(), 0);
    EXPECT_TRUE(std::holds_alternative<socketio::CloseTransport>(admit(make(1))));
}

}  // namespace
}  // namespace warren::gateway::testing
