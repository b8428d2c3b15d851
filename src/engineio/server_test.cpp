// Sessions over real sockets on four shards; a new TCP connection for nearly every request, so that the
// kernel spreads them and most must be handed over.
#include "engineio/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "engineio/payload.hpp"
#include "engineio/sid.hpp"
#include "http/test_client.hpp"

namespace warren::engineio {
namespace {

using http::TestClient;
using std::chrono::milliseconds;

/// What became of the sessions; shared by all shards.
struct Log {
    std::mutex mutex;
    std::vector<std::string> reasons;
    std::vector<std::shared_ptr<Session>> sessions;
    std::condition_variable changed;

    void wait_for_reasons(std::size_t n) {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, std::chrono::seconds{10}, [&] { return reasons.size() >= n; });
    }
};

struct Echo final : SessionListener {
    explicit Echo(Log& l) : log(l) {}
    void on_message(Session& session, bool binary, std::string_view data) override {
        EXPECT_TRUE(session.shard().is_current());
        if (data == "close") return session.close();
        binary ? session.send_binary(data) : session.send_text(data);
    }
    void on_closed(Session&, std::string_view reason) override {
        const std::lock_guard lock(log.mutex);
        log.reasons.emplace_back(reason);
        log.changed.notify_all();
    }
    Log& log;
};

class EngineTest : public testing::Test {
protected:
    explicit EngineTest(Options options = {})
        : http(four_shards(metrics)), engine(http, std::move(options), make()) {
        EXPECT_TRUE(http.start().has_value());
    }
    ~EngineTest() override {
        log.sessions.clear();
        http.stop();
    }
    static http::ServerOptions four_shards(Metrics& metrics) {
        http::ServerOptions options;
        options.shards = 4;
        options.metrics = &metrics;
        return options;
    }
    Server::OnSession make() {
        return [this](std::shared_ptr<Session> session) {
            const std::lock_guard lock(log.mutex);
            log.sessions.push_back(session);
            return std::make_shared<Echo>(log);
        };
    }
    TestClient::Answer get(const std::string& query) {
        TestClient client(http.port());
        return client.get("/engine.io/?EIO=4&transport=polling" + query);
    }
    TestClient::Answer post(const std::string& sid, const std::string& body) {
        TestClient client(http.port());
        return client.post("/engine.io/?EIO=4&transport=polling&sid=" + sid, body);
    }
    static std::string sid_of(const std::string& open) {
        const auto at = open.find("\"sid\":\"") + 7;
        return open.substr(at, 28);
    }
    std::string open() { return sid_of(get("").body); }
    /// The sid of a session that was closed after its probe by `socket` was answered, with a message
    /// `queued`.
    std::string close_when_probed(TestClient& socket, bool queued) {
        const auto sid = open();
        EXPECT_EQ(socket.upgrade(web_socket(sid)).status, 101U);
        socket.send_frame(1, "2probe");
        EXPECT_EQ(socket.frame().second, "3probe");
        EXPECT_EQ(post(sid, std::string(queued ? "4last\x1e" : "") + "4close").body, "ok");
        return sid;
    }
    static std::string web_socket(const std::string& sid = {}) {
        return "/engine.io/?EIO=4&transport=websocket" + (sid.empty() ? "" : "&sid=" + sid);
    }
    double metric(const std::string& name) {
        const auto text = "\n" + metrics.expose();
        const auto at = text.find("\n" + name);
        return at == text.npos ? -1 : std::stod(text.substr(text.find(' ', at + 1)));
    }

    Metrics metrics;
    Log log;
    http::Server http;
    Server engine;
};

TEST_F(EngineTest, PollingWhereverTheKernelPutsTheRequests) {
    std::set<std::uint16_t> shards;
    for (int i = 0; i < 60; ++i) {
        const auto sid = open();
        shards.insert(parse_sid(sid)->shard);
        const auto text = "message " + std::to_string(i);
        EXPECT_EQ(post(sid, "4" + text).body, "ok");
        EXPECT_EQ(get("&sid=" + sid).body, "4" + text);
    }
    EXPECT_GT(shards.size(), 1U);
    EXPECT_GT(metric("warren_http_handed_over_total"), 10);
    EXPECT_EQ(engine.session_count(), 60U);
}

TEST_F(EngineTest, UpgradeWhereverTheKernelPutsIt) {
    for (int i = 0; i < 30; ++i) {
        const auto sid = open();
        TestClient poll(http.port()), socket(http.port());
        poll.send("GET /engine.io/?EIO=4&transport=polling&sid=" + sid + " HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(socket.upgrade(web_socket(sid)).status, 101U);
        socket.send_frame(1, "2probe");
        EXPECT_EQ(socket.frame().second, "3probe");
        EXPECT_EQ(poll.answer().body, "6");
        EXPECT_EQ(post(sid, "4by post").body, "ok");  // Queued meanwhile: it must come by the WebSocket.
        socket.send_frame(1, "5");
        EXPECT_EQ(socket.frame().second, "4by post");
        socket.send_frame(2, "bytes");
        EXPECT_EQ(socket.frame(), std::pair(2, std::string("bytes")));
        EXPECT_EQ(get("&sid=" + sid).status, 400U);
        TestClient second(http.port());
        EXPECT_EQ(second.upgrade(web_socket(sid)).status, 101U);
        EXPECT_EQ(second.frame().first, 8);
        socket.send_frame(1, "4still");
        EXPECT_EQ(socket.frame().second, "4still");
    }
}

TEST_F(EngineTest, APollTakesSixteenPackets) {
    const auto sid = open();
    std::string payload = "40";
    for (int i = 1; i < 40; ++i)
        payload +=
            "\x1e"
            "4" +
            std::to_string(i);
    EXPECT_EQ(post(sid, payload).status, 200U);
    std::vector<std::size_t> counts;
    std::string all;
    while (all.size() < payload.size()) {
        const auto body = get("&sid=" + sid).body;
        counts.push_back(static_cast<std::size_t>(std::count(body.begin(), body.end(), '\x1e')) + 1);
        all += (all.empty() ? "" : "\x1e") + body;
    }
    EXPECT_EQ(all, payload);
    EXPECT_EQ(counts, (std::vector<std::size_t>{16, 16, 8}));
}

TEST_F(EngineTest, AClosedSessionIsForgottenAfterWhatWasQueued) {
    const auto sid = open();
    EXPECT_EQ(post(sid,
                   "4last\x1e"
                   "4close")
                  .body,
              "ok");
    log.wait_for_reasons(1);
    EXPECT_EQ(log.reasons, std::vector<std::string>{"forced close"});
    EXPECT_EQ(get("&sid=" + sid).body, "4last");
    const auto gone = get("&sid=" + sid);
    EXPECT_EQ(gone.status, 400U);
    EXPECT_EQ(gone.body, R"({"code":1,"message":"Session ID unknown"})");
}

// A stock client whose probing WebSocket is closed between the probe's answer and its upgrade waits for its
// heartbeat to fail.
TEST_F(EngineTest, ACloseInTheMiddleOfAnUpgradeLetsItThroughFirst) {
    for (const bool queued : {false, true}) {
        TestClient socket(http.port());
        const auto sid = close_when_probed(socket, queued);
        if (!queued) {
            EXPECT_EQ(get("&sid=" + sid).body, "6");
        }
        socket.send_frame(1, "5");
        if (queued) {
            EXPECT_EQ(socket.frame().second, "4last");
        }
        EXPECT_EQ(socket.frame().first, 8);
        EXPECT_EQ(get("&sid=" + sid).status, 400U);
    }
    log.wait_for_reasons(2);
    EXPECT_EQ(log.reasons, std::vector<std::string>(2, "forced close"));
    EXPECT_EQ(engine.session_count(), 0U);
}

TEST_F(EngineTest, AnUpgradeThatFailsAfterAClose) {
    for (const bool queued : {false, true}) {
        TestClient socket(http.port());
        const auto sid = close_when_probed(socket, queued);
        socket.send_frame(1, "4not an upgrade");
        EXPECT_EQ(socket.frame().first, 8);
        if (queued) {
            EXPECT_EQ(get("&sid=" + sid).body, "4last");
        }
        EXPECT_EQ(get("&sid=" + sid).status, 400U);
    }
    EXPECT_EQ(engine.session_count(), 0U);
}

TEST_F(EngineTest, APollWhoseClientHasGoneEndsTheSession) {
    const auto sid = open();
    {
        TestClient poll(http.port());
        poll.send("GET /engine.io/?EIO=4&transport=polling&sid=" + sid + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    log.wait_for_reasons(1);
    EXPECT_EQ(log.reasons, std::vector<std::string>{"transport error"});
    EXPECT_EQ(engine.session_count(), 0U);
}

TEST_F(EngineTest, TheSidOfAnotherNodeIsUnknown) {
    auto sid = *parse_sid(open());
    sid.node = 7;
    EXPECT_EQ(get("&sid=" + sid.text()).status, 400U);
    sid.node = 0;
    sid.shard = 999;
    EXPECT_EQ(get("&sid=" + sid.text()).status, 400U);
}

TEST_F(EngineTest, BusyIsA503) {
    engine.accept_new(false);
    EXPECT_EQ(get("").status, 503U);
    TestClient socket(http.port());
    EXPECT_EQ(socket.upgrade(web_socket()).status, 503U);
    engine.accept_new(true);
    EXPECT_EQ(get("").status, 200U);
}

TEST_F(EngineTest, DrainClosesAllOverTheGivenTime) {
    std::vector<std::unique_ptr<TestClient>> sockets;
    for (int i = 0; i < 20; ++i) {
        sockets.push_back(std::make_unique<TestClient>(http.port()));
        EXPECT_EQ(sockets.back()->upgrade(web_socket()).status, 101U);
        sockets.back()->frame();
    }
    const auto sid = open();
    TestClient poll(http.port());
    poll.send("GET /engine.io/?EIO=4&transport=polling&sid=" + sid + " HTTP/1.1\r\nHost: x\r\n\r\n");
    std::thread draining([&] { http.drain(milliseconds{300}); });
    const auto start = std::chrono::steady_clock::now();
    for (const auto& socket : sockets) {
        EXPECT_EQ(socket->frame().first, 8);
        socket->send_frame(8, "\x03\xe8");
    }
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{50});
    // Unless the drain came before its request was read.
    const auto polled = poll.answer();
    EXPECT_TRUE(polled.body == "6" || polled.status == 0) << polled.head;
    log.wait_for_reasons(21);
    EXPECT_EQ(std::count(log.reasons.begin(), log.reasons.end(), "server shutting down"), 21);
    for (const auto& socket : sockets)
        socket->close();
    poll.close();
    draining.join();
    EXPECT_EQ(engine.session_count(), 0U);
}

TEST_F(EngineTest, StopTellsEverySessionEvenWithoutAConnection) {
    for (int i = 0; i < 20; ++i)
        open();
    http.drain(milliseconds{5000});  // Over at once: no connection is left.
    http.stop();
    EXPECT_EQ(log.reasons.size(), 20U);
    EXPECT_EQ(engine.session_count(), 0U);
}

class QuickHeartbeat : public EngineTest {
protected:
    QuickHeartbeat() : EngineTest(quick()) {}
    static Options quick() {
        Options options;
        options.ping_interval = milliseconds{100};
        options.ping_timeout = milliseconds{60};
        options.queue_bytes_max = 10'000;
        return options;
    }
};

TEST_F(QuickHeartbeat, WithoutAPongTheSessionEnds) {
    TestClient socket(http.port());
    socket.upgrade(web_socket());
    socket.frame();
    EXPECT_EQ(socket.frame().second, "2");
    socket.send_frame(1, "3");
    EXPECT_EQ(socket.frame().second, "2");
    EXPECT_EQ(socket.frame().first, 8);
    log.wait_for_reasons(1);
    EXPECT_EQ(log.reasons, std::vector<std::string>{"ping timeout"});
}

TEST_F(QuickHeartbeat, ARequestTheMomentAfterTheTimeOutFindsNothing) {
    const auto sid = open();
    const auto due = std::chrono::steady_clock::now() + milliseconds{160};
    while (std::chrono::steady_clock::now() < due)
        std::this_thread::yield();
    EXPECT_EQ(get("&sid=" + sid).status, 400U);
}

TEST_F(QuickHeartbeat, AQueueThatNobodyPollsIsBounded) {
    open();
    std::shared_ptr<Session> session = log.sessions.front();
    std::latch filled(1);
    session->shard().post([&] {
        for (int i = 0; i < 1000; ++i) {
            session->send_text(std::string(100, 'x'));
            EXPECT_LE(session->queued_bytes(), 10'000U);
        }
        filled.count_down();
    });
    filled.wait();
    log.wait_for_reasons(1);
    EXPECT_EQ(log.reasons, std::vector<std::string>{"slow consumer"});
}

}  // namespace
}  // namespace warren::engineio
