// Connections of one session, on a session that only records.
#include "socketio/client.hpp"

#include <gtest/gtest.h>

#include <latch>

namespace warren::socketio {
namespace {

using std::chrono::milliseconds;

struct FakeSession final : engineio::Session {
    explicit FakeSession(http::Shard& s) : shard_(s) {}
    std::string sid() const override { return "sid"; }
    http::Shard& shard() override { return shard_; }
    const asio::ip::address& remote() const override { return remote_; }
    engineio::Transport transport() const override { return engineio::Transport::websocket; }
    bool is_open() const override { return !closed; }
    void send(http::OutFrame frame) override {
        if (!closed) sent.emplace_back((frame->binary ? "b:" : "") + std::string(frame->payload()));
    }
    const http::WebSocket* web_socket() const override { return nullptr; }
    std::size_t queued_bytes() const override { return 0; }
    void close(std::string_view reason) override {
        if (std::exchange(closed, true)) return;
        why = reason;
        if (const auto l = listener.lock()) l->on_closed(*this, reason);
    }
    http::Shard& shard_;
    asio::ip::address remote_;
    std::vector<std::string> sent;
    std::weak_ptr<engineio::SessionListener> listener;
    bool closed = false;
    std::string why;
};

struct App final : Application {
    Task<Admission> admit(std::shared_ptr<Connection> connection) override {
        last = connection;
        if (hold) {
            auto waiting = hold->wait();
            co_return co_await std::move(waiting);
        }
        co_return Accept{};
    }
    void connected(std::shared_ptr<Connection> c) override {
        log.push_back("connected " + std::string(c->id()));
        if (throws) throw std::runtime_error("no");
    }
    void on_event(std::shared_ptr<Connection> c, Event event) override {
        log.push_back(event.name + " " + arguments_json(event.args) + (event.ack ? " ack" : ""));
        if (event.name == "throw") throw std::runtime_error("no");
        if (event.name == "leave") c->disconnect();
        if (event.name == "ack") {
            event.ack(event.args, event.attachments);
            event.ack(event.args);
        }
    }
    void disconnected(std::shared_ptr<Connection>, std::string_view reason) override {
        log.push_back("disconnected " + std::string(reason));
        if (throws) throw std::runtime_error("no");
    }
    bool throws = false;
    std::vector<std::string> log;
    std::shared_ptr<Connection> last;
    std::unique_ptr<Oneshot<Admission>> hold;
};

/// Everything runs on the shard's loop, which the test turns by hand.
class ClientTest : public testing::Test {
protected:
    ClientTest() {
        server.options.connect_timeout = milliseconds{50};
        server.options.waiting_packets_max = 3;
        server.options.namespaces_per_session_max = 3;
        for (const auto* name : {"/", "/a", "/b", "/c"})
            server.namespaces[name] = {name, app};
        open();
    }
    ~ClientTest() override {
        session->close("end");
        turn();
        app->last = nullptr;
    }
    void open() {
        session = std::make_shared<FakeSession>(shard);
        client = std::make_shared<Client>(server, session);
        session->listener = client;
        client->start();
    }
    void turn() {
        shard.io().restart();
        shard.io().poll();
    }
    template <class Done>
    void turn_until(Done done) {
        shard.io().restart();
        while (!done())
            shard.io().run_one_for(std::chrono::seconds{5});
    }
    void says(std::string_view text) {
        client->on_message(*session, false, text);
        turn();
    }
    void says_binary(std::string_view bytes) {
        client->on_message(*session, true, bytes);
        turn();
    }
    std::string id() const { return std::string(app->last->id()); }

    http::Shard shard{0};
    std::shared_ptr<App> app = std::make_shared<App>();
    Server::Impl server;
    std::shared_ptr<FakeSession> session;
    std::shared_ptr<Client> client;
};

using Strings = std::vector<std::string>;

TEST_F(ClientTest, ConnectsWithItsAuth) {
    says(R"(0{"token":"x"})");
    EXPECT_EQ(session->sent, Strings{R"(40{"sid":")" + id() + R"("})"});
    EXPECT_EQ(id().size(), 20U);
    EXPECT_EQ(app->log, Strings{"connected " + id()});
    EXPECT_EQ(app->last->auth().at("token"), "x");
    app->last->forget_auth();
    EXPECT_EQ(app->last->auth(), json::object());
}

TEST_F(ClientTest, AFootprintIsOfWhatIsThere) {
    says("0");
    const auto footprint = app->last->footprint();
    EXPECT_EQ(footprint.connection, app->last.get());
    EXPECT_EQ(footprint.client, client.get());
    EXPECT_EQ(footprint.session, session.get());
    EXPECT_EQ(footprint.web_socket, nullptr) << "the session has none";
    session->close("end");
    EXPECT_EQ(app->last->footprint().session, nullptr);
}

TEST_F(ClientTest, WithoutAuthItIsAnEmptyObject) {
    says("0");
    EXPECT_EQ(app->last->auth(), json::object());
}

TEST_F(ClientTest, UnknownNamespaceIsRefusedAndTheSessionGoesOn) {
    says("0/none");
    EXPECT_EQ(session->sent, Strings{R"(44/none,{"message":"Invalid namespace"})"});
    says("0");
    EXPECT_EQ(app->log.size(), 1U);
}

TEST_F(ClientTest, EventsWaitForTheAdmissionInOrder) {
    app->hold = std::make_unique<Oneshot<Admission>>();
    says("0");
    says(R"(2["one",1])");
    says(R"(2["two",2])");
    EXPECT_TRUE(app->log.empty());
    EXPECT_TRUE(session->sent.empty());
    app->hold->set(Accept{std::make_shared<int>(5)});
    turn();
    EXPECT_EQ(app->log, (Strings{"connected " + id(), "one 1", "two 2"}));
    EXPECT_EQ(*std::static_pointer_cast<int>(app->last->context()), 5);
}

TEST_F(ClientTest, TooManyThatWaitCloseTheSession) {
    app->hold = std::make_unique<Oneshot<Admission>>();
    says("0");
    for (int i = 0; i < 4; ++i)
        says(R"(2["e"])");
    EXPECT_TRUE(session->closed);
    app->hold->set(Accept{});
    turn();
    EXPECT_TRUE(app->log.empty());  // Neither connected nor disconnected was ever said.
}

TEST_F(ClientTest, RefusalIsAConnectErrorAndNoMore) {
    app->hold = std::make_unique<Oneshot<Admission>>();
    says("0");
    app->hold->set(Refuse{"Invalid token", json::object{{"code", 7}}});
    turn();
    EXPECT_EQ(session->sent, Strings{R"(44{"message":"Invalid token","data":{"code":7}})"});
    EXPECT_FALSE(session->closed);
    app->hold = nullptr;
    says("0");
    EXPECT_EQ(app->log.size(), 1U);
}

TEST_F(ClientTest, CloseTransportClosesWithoutAWord) {
    app->hold = std::make_unique<Oneshot<Admission>>();
    says("0");
    app->hold->set(CloseTransport{});
    turn();
    EXPECT_TRUE(session->closed);
    EXPECT_TRUE(session->sent.empty());
    EXPECT_TRUE(app->log.empty());
}

TEST_F(ClientTest, WithoutANamespaceInTimeTheSessionIsClosed) {
    says("0/none");
    turn_until([&] { return session->closed; });
    open();
    says("0");
    shard.io().restart();
    shard.io().run_for(milliseconds{100});
    EXPECT_FALSE(session->closed);
}

TEST_F(ClientTest, AcknowledgesOnce) {
    says("0");
    says(R"(25["ack",1,"x"])");
    EXPECT_EQ(app->log.back(), R"(ack 1,"x" ack)");
    EXPECT_EQ(session->sent.back(), R"(435[1,"x"])");
    EXPECT_EQ(session->sent.size(), 2U);
}

TEST_F(ClientTest, BinaryGoesBackAsItCame) {
    says("0/a");
    says(R"(51-/a,3["ack",{"_placeholder":true,"num":0}])");
    says_binary("\x01\x02");
    EXPECT_EQ(session->sent, (Strings{R"(40/a,{"sid":")" + id() + R"("})",
                                      R"(461-/a,3[{"_placeholder":true,"num":0}])", "b:\x01\x02"}));
}

Task<void> ask(std::shared_ptr<Connection> connection, milliseconds timeout, Strings& answers) {
    auto asking = connection->emit_with_ack("question", {1}, timeout);
    auto answer = co_await std::move(asking);
    answers.push_back(answer ? arguments_json(answer->args)
                             : std::string(info(answer.error().code).wire_name));
}

TEST_F(ClientTest, AsksAndIsAnswered) {
    says("0");
    Strings answers;
    for (int i = 0; i < 2; ++i)
        spawn(shard.executor(), "ask", ask(app->last, std::chrono::hours{1}, answers));
    turn();
    EXPECT_EQ(session->sent[1], R"(420["question",1])");
    EXPECT_EQ(session->sent[2], R"(421["question",1])");
    says("31[\"second\"]");
    says("30[\"first\"]");
    says("30[\"again\"]");
    EXPECT_EQ(answers, (Strings{"\"second\"", "\"first\""}));
    EXPECT_FALSE(session->closed);
}

TEST_F(ClientTest, AskingEndsWithTheTimeOutOrTheConnection) {
    says("0");
    Strings answers;
    spawn(shard.executor(), "ask", ask(app->last, milliseconds{20}, answers));
    turn_until([&] { return !answers.empty(); });
    spawn(shard.executor(), "ask", ask(app->last, std::chrono::hours{1}, answers));
    turn();
    session->close("transport close");
    turn();
    spawn(shard.executor(), "ask", ask(app->last, std::chrono::hours{1}, answers));
    turn();
    EXPECT_EQ(answers, (Strings{"timed_out", "unavailable", "unavailable"}));
}

TEST_F(ClientTest, DisconnectedIsSaidExactlyOnce) {
    says("0");
    says("0/a");
    app->log.clear();
    says("1/a,");
    EXPECT_EQ(app->log, Strings{"disconnected client namespace disconnect"});
    session->close("ping timeout");
    EXPECT_EQ(app->log, (Strings{"disconnected client namespace disconnect", "disconnected ping timeout"}));
}

TEST_F(ClientTest, AfterOurDisconnectWhatWasOnItsWayIsIgnored) {
    says("0");
    says("0/a");
    says(R"(2/a,["leave"])");
    EXPECT_EQ(session->sent.back(), "41/a,");
    EXPECT_EQ(app->log.back(), "disconnected server namespace disconnect");
    const auto lines = app->log.size();
    says(R"(2/a,["late"])");
    says("1/a,");
    EXPECT_FALSE(session->closed);
    EXPECT_EQ(app->log.size(), lines);
    says("0/a");
    EXPECT_EQ(app->log.size(), lines + 1);
}

TEST_F(ClientTest, ViolationsCloseTheSession) {
    for (const auto* bad : {R"(2["before connect"])", "4{\"message\":\"x\"}", "30[]", "nonsense", "1"}) {
        open();
        says(bad);
        EXPECT_EQ(session->why, "parse error") << bad;
    }
    open();
    says("0");
    says("0");
    EXPECT_TRUE(session->closed);
    open();
    for (const auto* nsp : {"0/", "0/a", "0/b", "0/c"})
        says(nsp);
    EXPECT_TRUE(session->closed);
}

TEST_F(ClientTest, AnApplicationThatThrowsLosesThatSessionOnly) {
    says("0");
    says(R"(2["throw"])");
    EXPECT_TRUE(session->closed);
    EXPECT_EQ(app->log.back(), "disconnected forced close");
}

TEST_F(ClientTest, OneThatThrowsAtTheEndIsNotTheLastToBeTold) {
    says("0");
    says("0/a");
    app->throws = true;
    session->close("ping timeout");
    EXPECT_EQ(std::count(app->log.begin(), app->log.end(), "disconnected ping timeout"), 2);
    open();
    says("0");
    EXPECT_TRUE(session->closed);  // It threw in connected().
}

TEST_F(ClientTest, AConnectionThatHasGoneDoesNothing) {
    says("0");
    const auto gone = app->last;
    session->close("transport close");
    const auto sent = session->sent.size();
    gone->emit("late", {});
    gone->disconnect();
    gone->close_transport();
    EXPECT_EQ(gone->queued_bytes(), 0U);
    EXPECT_FALSE(gone->is_connected());
    EXPECT_EQ(session->sent.size(), sent);
    EXPECT_EQ(app->log.size(), 2U);
}

TEST_F(ClientTest, OneEncodingForAll) {
    says("0");
    const auto packet = encode_event("/", "news", "1");
    app->last->send(packet);
    EXPECT_EQ(session->sent.back(), R"(42["news",1])");
}

}  // namespace
}  // namespace warren::socketio
