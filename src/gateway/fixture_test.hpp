#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <future>
#include <list>

#include "gateway/core.hpp"
#include "gateway/gateway.hpp"
#include "gateway/stubs_test.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway::testing {

using ConnectionPtr = std::shared_ptr<FakeConnection>;

template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// The gateway with its real shards and a real chat, over stores that hold nothing and connections that
/// record.
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
        accounts_ = std::make_unique<chat::Accounts>(environment_.emplace_back(environment), secrets_,
                                                     std::chrono::hours(1));
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
        struct Fence final : http::Flushable {
            void flush() override { reached.set_value(); }
            std::promise<void> reached;
        };
        const auto behind = std::make_shared<Fence>();  // First in, first out.
        on(chat_shard(), [&] { chat_shard().flush_soon(behind); });
        behind->reached.get_future().wait();
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

    NoEntries entries_;
    NoChannels channels_;
    NoBlocks blocks_;
    NoMembers members_;
    OneUser users_;
    QuietBus bus_;
    NoSecrets secrets_;
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

}  // namespace warren::gateway::testing
