// The gateway with its real shards and a real chat, over stores that hold nothing and connections that
// record.
#include "gateway/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <future>

#include "gateway/core.hpp"
#include "gateway/stubs_test.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FakeConnection;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Stays = testing::NoChannels::Stays;
using ConnectionPtr = std::shared_ptr<FakeConnection>;

template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

class GatewayTest : public ::testing::Test {
protected:
    GatewayTest() { start({}); }
    ~GatewayTest() override { stop(); }

    void start(Options options) {
        stop();
        channels_.clock = &clock_;
        users_.user.id = *UserId::parse("aaaaaaaaaaaaaaaaaaaaaaaa");
        users_.user.status = UserStatus::active;
        for (std::size_t i = 0; i < 3; ++i)
            shards_.push_back(std::make_unique<http::Shard>(i));
        chat::Environment environment{entries_, channels_, members_, users_,   blocks_, bus_,
                                      clock_,   ids_,      metrics_, NodeId{}, limits_};
        accounts_ = std::make_unique<chat::Accounts>(environment_.emplace_back(environment), secrets_, 1h);
        chat_ = std::make_unique<chat::Chat>(chat_shard().executor(), environment);
        gateway_ = std::make_shared<Gateway>(*chat_, *accounts_, chat_shard(), std::move(options), metrics_);
        for (auto& shard : shards_)
            shard->start();
        chat_shard().post([this] { chat_->start(); });
        gateway_->start();
    }
    http::Shard& chat_shard() { return *shards_[0]; }
    /// Runs `f` on a shard and waits for it.
    template <class F>
    auto on(http::Shard& shard, F f) {
        std::promise<std::invoke_result_t<F>> promise;
        auto future = promise.get_future();
        shard.post([&] {
            if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
                f();
                promise.set_value();
            } else {
                promise.set_value(f());
            }
        });
        return future.get();
    }
    void stop() {
        // As socketio does: every connection that was there has gone before its shard is no more.
        for (const auto& weak : std::exchange(made_, {})) {
            if (const auto connection = weak.lock())
                on(connection->shard(), [&] { connection->end("stop"); });
        }
        for (auto& shard : shards_)
            shard->stop();
        if (gateway_) gateway_->stop();
        shards_.clear();
        gateway_.reset();
        chat_.reset();
    }
    ConnectionPtr make(std::size_t shard, std::string_view token = "good") {
        auto connection = std::make_shared<FakeConnection>(*shards_[shard], json::object{{"token", token}});
        connection->application = gateway_.get();
        made_.push_back(connection);
        return connection;
    }
    socketio::Admission admit(const ConnectionPtr& connection) {
        auto admitting = gateway_->admit(connection);
        return asio::co_spawn(connection->shard().executor(), std::move(admitting), asio::use_future).get();
    }
    void accept(const ConnectionPtr& connection, socketio::Admission admission) {
        on(connection->shard(), [&] {
            connection->context() = std::get<socketio::Accept>(std::move(admission)).context;
            connection->set_connected();
            gateway_->connected(connection);
        });
    }
    ConnectionPtr connect(std::size_t shard) {
        auto connection = make(shard);
        accept(connection, admit(connection));
        return connection;
    }
    void recheck() {
        auto checking = gateway_->recheck_sessions();
        asio::co_spawn(chat_shard().executor(), std::move(checking), asio::use_future).get();
    }
    static std::shared_ptr<Client> client_of(FakeConnection& connection) {
        return static_cast<Registration*>(connection.context().get())->client;
    }
    void send(const ConnectionPtr& connection, std::string name, std::uint64_t ack = 7) {
        on(connection->shard(), [&] {
            socketio::Event event;
            event.name = std::move(name);
            event.ack = socketio::Ack(connection, ack);
            event.raw_args = "[]";
            gateway_->on_event(connection, std::move(event));
        });
    }
    static std::shared_ptr<Call> call_of(const std::shared_ptr<Client>& client,
                                         const ConnectionPtr& connection) {
        auto call = std::make_shared<Call>(client->core(), client, kServerInfo, socketio::Ack(connection, 5));
        call->enlist();
        return call;
    }
    /// What chat's shard has put into the outbox has arrived.
    void settle() {
        on(chat_shard(), [] {});
        for (auto& shard : shards_)
            on(*shard, [] {});
    }
    std::size_t subscribers() {
        return on(chat_shard(), [this] { return chat_->delivery().subscribers().size(); });
    }
    /// What the connection is told of a push of that text.
    static chat::PushPtr push_of(std::string text) {
        auto entry = std::make_shared<Entry>();
        MessageBody body;
        body.text = std::move(text);
        entry->seq = 1;
        entry->body = std::move(body);
        auto push = std::make_shared<chat::Push>();
        push->entry = std::move(entry);
        return push;
    }

    testing::NoEntries entries_;
    testing::NoChannels channels_;
    testing::NoBlocks blocks_;
    testing::NoMembers members_;
    testing::OneUser users_;
    testing::QuietBus bus_;
    testing::NoSecrets secrets_;
    SystemClock clock_;
    IdMaker ids_{1};
    Metrics metrics_;
    chat::Limits limits_;
    std::list<chat::Environment> environment_;
    std::unique_ptr<chat::Accounts> accounts_;
    std::unique_ptr<chat::Chat> chat_;
    std::vector<std::unique_ptr<http::Shard>> shards_;
    std::shared_ptr<Gateway> gateway_;
    std::vector<std::weak_ptr<FakeConnection>> made_;
};

TEST_F(GatewayTest, AnswersAndPushesKeepTheOrderInWhichChatMadeThem) {
    const std::vector<ConnectionPtr> connections{connect(0), connect(1), connect(2), connect(1)};
    for (int round = 0; round < 50; ++round) {
        on(chat_shard(), [&] {
            for (const auto& connection : connections) {
                auto client = client_of(*connection);
                client->push(push_of("first"));
                call_of(client, connection)->answer(std::string("\"answer\""));
                client->push(push_of("second"));
                client->resync({});
            }
        });
    }
    for (const auto& connection : connections) {
        ASSERT_TRUE(eventually([&] { return connection->said().size() == 200; }));
        const auto said = connection->said();
        for (std::size_t i = 0; i < said.size(); i += 4) {
            const std::vector<std::string> round(said.begin() + static_cast<long>(i),
                                                 said.begin() + static_cast<long>(i + 4));
            ASSERT_THAT(round, ElementsAre(HasSubstr("first"), HasSubstr("answer"), HasSubstr("second"),
                                           HasSubstr("resync")));
        }
    }
}

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

TEST(AddressKey, CountsIpv6ByItsNetwork) {
    const auto key = [](const char* text) { return address_key(asio::ip::make_address(text)); };
    EXPECT_EQ(key("10.0.0.1"), key("::ffff:10.0.0.1"));
    EXPECT_NE(key("10.0.0.1"), key("10.0.0.2"));
    EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:3::"));
    EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

}  // namespace
}  // namespace warren::gateway
