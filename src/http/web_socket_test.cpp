// WebSockets over real sockets, and the work that a broadcast costs.
#include "http/web_socket.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <latch>
#include <new>

#include "http/frame.hpp"
#include "http/server.hpp"
#include "http/test_client.hpp"

namespace {
thread_local std::size_t allocations = 0;
}

// Counts what this thread allocates; the budget test reads it.
void* operator new(std::size_t n) {
    ++allocations;
    if (void* p = std::malloc(n)) return p;
    throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

namespace warren::http {
namespace {

struct Listener final : WebSocketListener {
    void opened(std::shared_ptr<WebSocket> s) override {
        socket = std::move(s);
        if (on_open) on_open();
    }
    void on_message(WebSocket&, bool binary, std::string_view payload) override {
        auto frame = binary ? binary_frame(payload) : text_frame(payload);
        socket->send(std::make_shared<const Frame>(std::move(frame)));
    }
    void on_closed(WebSocket&, std::string_view why) override {
        reason.set_value(std::string(why));
        socket = nullptr;
    }
    std::shared_ptr<WebSocket> socket;
    std::promise<std::string> reason;
    std::function<void()> on_open;
};

class WebSocketTest : public testing::Test {
protected:
    WebSocketTest() : server(small()) {
        Route route;
        route.handler = [](Request) -> Task<Response> { co_return Response::text(400, "no"); };
        route.upgrade = [this](Request&) -> UpgradeAnswer {
            auto listener = std::make_shared<Listener>();
            listener->on_open = [this] { opened->count_down(); };
            listeners.push_back(listener);
            return listener;
        };
        server.route("/ws", std::move(route));
        EXPECT_TRUE(server.start().has_value());
    }
    ~WebSocketTest() override { server.stop(); }
    static ServerOptions small() {
        ServerOptions options;
        options.shards = 1;
        options.limits.websocket_message_bytes_max = 10'000;
        options.limits.websocket_queue_bytes_max = 8'000'000;
        return options;
    }
    void expect(std::ptrdiff_t n) { opened = std::make_unique<std::latch>(n); }
    template <class F>
    void on_shard(F f) {
        std::latch done(1);
        server.shard(0).post([&] {
            f();
            done.count_down();
        });
        done.wait();
    }

    std::unique_ptr<std::latch> opened;
    std::vector<std::shared_ptr<Listener>> listeners;
    Server server;
};

TEST_F(WebSocketTest, EchoesPongsAndCloses) {
    expect(1);
    TestClient client(server.port());
    EXPECT_EQ(client.upgrade("/ws").status, 101U);
    client.send_frame(1, "hello");
    client.send_frame(2, std::string(5000, '\x01'));
    client.send_frame(9, "there?");
    EXPECT_EQ(client.frame(), std::pair(1, std::string("hello")));
    EXPECT_EQ(client.frame(), std::pair(2, std::string(5000, '\x01')));
    EXPECT_EQ(client.frame(), std::pair(10, std::string("there?")));
    client.send_frame(8,
                      "\x0f\xa0"
                      "bye");
    EXPECT_EQ(client.frame(), std::pair(8, std::string("\x0f\xa0")));
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(listeners.front()->reason.get_future().get(), "closed");
}

TEST_F(WebSocketTest, BadHandshakesAreAnswered) {
    TestClient client(server.port());
    client.send(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_EQ(client.answer().status, 426U);
    TestClient other(server.port());
    other.send(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n");
    EXPECT_EQ(other.answer().status, 400U);
}

TEST_F(WebSocketTest, WhatIsTooLargeOrWrongEndsItWithItsCode) {
    const auto ends = [&](const std::function<void(TestClient&)>& misbehave) {
        expect(1);
        TestClient client(server.port());
        client.upgrade("/ws");
        misbehave(client);
        const auto [opcode, payload] = client.frame();
        EXPECT_EQ(opcode, 8);
        const auto reason = listeners.back()->reason.get_future().get();
        return reason + " " +
               std::to_string((static_cast<unsigned char>(payload[0]) << 8) |
                              static_cast<unsigned char>(payload[1]));
    };
    EXPECT_EQ(ends([](auto& c) { c.send_frame(2, std::string(10'001, 'x')); }), "too large 1009");
    EXPECT_EQ(ends([](auto& c) { c.send_frame(3, ""); }), "protocol error 1002");
    EXPECT_EQ(ends([](auto& c) { c.send_frame(1, "\xff"); }), "protocol error 1007");
}

TEST_F(WebSocketTest, AConnectionThatBreaksIsToldOnce) {
    expect(1);
    {
        TestClient client(server.port());
        client.upgrade("/ws");
    }
    EXPECT_EQ(listeners.front()->reason.get_future().get(), "closed");
}

TEST_F(WebSocketTest, OneThatDoesNotReadIsClosedAtItsLimitAndOthersGoOn) {
    expect(2);
    TestClient slow(server.port()), quick(server.port());
    slow.upgrade("/ws");
    quick.upgrade("/ws");
    opened->wait();
    const auto frame = std::make_shared<const Frame>(binary_frame(std::string(100'000, 'x')));
    auto closed = listeners[0]->reason.get_future();
    // Until the kernel's buffers and then the queue are full.
    for (int round = 0; round < 1000; ++round) {
        if (closed.wait_for(std::chrono::milliseconds{0}) == std::future_status::ready) break;
        on_shard([&] {
            for (int i = 0; i < 5 && listeners[0]->socket; ++i) {
                listeners[0]->socket->send(frame);
                EXPECT_LE(listeners[0]->socket->queued_bytes(), 8'000'000U);
            }
        });
    }
    ASSERT_EQ(closed.wait_for(std::chrono::seconds{5}), std::future_status::ready);
    EXPECT_EQ(closed.get(), "slow consumer");
    quick.send_frame(1, "still here");
    EXPECT_EQ(quick.frame().second, "still here");
}

TEST_F(WebSocketTest, ABroadcastAllocatesNothingPerDelivery) {
    constexpr std::size_t kClients = 100;
    expect(kClients);
    std::vector<std::unique_ptr<TestClient>> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        clients.push_back(std::make_unique<TestClient>(server.port()));
        clients.back()->upgrade("/ws");
    }
    opened->wait();
    const auto frame = std::make_shared<const Frame>(text_frame("42[\"event\",\"hello\"]"));
    std::size_t spent = 0;
    for (int round = 0; round < 3; ++round) {
        on_shard([&] {
            const auto before = allocations;
            for (const auto& listener : listeners)
                listener->socket->send(frame);
            spent = allocations - before;
        });
        for (const auto& client : clients)
            EXPECT_EQ(client->frame().second, frame->payload());
    }
    // The first round makes the queues' slots; later ones find them.
    EXPECT_LE(spent, 2U);
}

TEST_F(WebSocketTest, WhatTheKernelTakesInPiecesArrivesWhole) {
    expect(1);
    TestClient client(server.port(), 4096);
    client.upgrade("/ws");
    opened->wait();
    std::vector<std::string> messages;
    for (int i = 0; i < 75; ++i) {
        messages.emplace_back();
        while (messages.back().size() < 100'000)
            messages.back() += std::to_string(messages.back().size() + static_cast<std::size_t>(i));
    }
    on_shard([&] {
        for (const auto& message : messages) {
            listeners[0]->socket->send(std::make_shared<const Frame>(binary_frame(message)));
        }
    });
    on_shard([&] { EXPECT_GT(listeners[0]->socket->queued_bytes(), 0U); });  // So the test tests it.
    for (const auto& message : messages)
        ASSERT_EQ(client.frame().second, message);
}

TEST_F(WebSocketTest, ManyFramesOfOneTurnKeepTheirOrder) {
    expect(1);
    TestClient client(server.port());
    client.upgrade("/ws");
    opened->wait();
    on_shard([&] {
        for (int i = 0; i < 3000; ++i) {
            listeners[0]->socket->send(std::make_shared<const Frame>(text_frame(std::to_string(i))));
        }
    });
    for (int i = 0; i < 3000; ++i)
        ASSERT_EQ(client.frame().second, std::to_string(i));
}

}  // namespace
}  // namespace warren::http
