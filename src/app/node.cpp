#include "app/node.hpp"

#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "app/node_options.hpp"
#include "base/log.hpp"
#include "gateway/page.hpp"
#include "http/files.hpp"

namespace warren::app {
namespace {

// Requests in progress get this long once the Socket.IO clients are gone.
constexpr std::chrono::milliseconds kLastRequests{500}, kLastPolls{3'000};
constexpr std::chrono::milliseconds kBeat{200}, kBeatWhileDown{20};

}  // namespace

Node::Node(const Config& config, Parts parts, Health& health, AdminHttp& admin, Metrics& metrics)
    : config_(config),
      parts_(std::move(parts)),
      health_(health),
      admin_(admin),
      ids_(parts_.secrets->random_number(), static_cast<std::uint32_t>(parts_.secrets->random_number())),
      id_(ids_.make<NodeId>(clock_.wall())),
      cache_(config.cache_memory.n),
      bus_(parts_.bus->port(), clock_, id_),
      environment_{parts_.stores->entries(),
                   parts_.stores->channels(),
                   parts_.stores->members(),
                   parts_.stores->users(),
                   parts_.stores->blocks(),
                   bus_,
                   clock_,
                   ids_,
                   metrics,
                   id_,
                   chat_limits(config),
                   &cache_},
      accounts_(environment_, *parts_.secrets,
                std::chrono::floor<std::chrono::seconds>(config.sessions_lifetime)),
      chat_shard_(0),
      chat_(std::make_unique<chat::Chat>(chat_shard_.executor(), environment_)),
      http_(http_options(config, metrics)),
      gateway_(std::make_shared<gateway::Gateway>(*chat_, accounts_, chat_shard_,
                                                  gateway_options(config, config.node_name), metrics)),
      sockets_(http_, socketio_options(config, parts_.secrets->random_number())),
      rest_(
          accounts_, clock_, metrics, [this](UserId user) { sign_out(user); },
          rest_options(config, parts_.secrets->random_number())) {
    sockets_.serve("/", gateway_);
    rest_.attach(http_);
    http_.route("/", http::memory_file(std::string(gateway::page_html()), "text/html; charset=utf-8"));
}

Node::~Node() {
    stop_threads();
}

Result<void> Node::start() {
    running_ = true;
    chat_shard_.start();
    chat_shard_.post([this] { chat_->start(); });
    gateway_->start();
    spawn(chat_shard_.executor(), "beat", beat(*this));
    WARREN_TRY_VOID(http_.start());
    health_.watch("store", [this] { return parts_.stores->condition(); });
    health_.watch("bus", [this] { return bus_condition(); });
    return {};
}

void Node::sign_out(UserId user) {
    chat_shard_.post([this, user] { chat_->delivery().sign_out(user); });
}

Condition Node::bus_condition() const {
    if (bus_is_up_) return bus_.condition();
    return {Condition::State::degraded,
            "People on other nodes get messages late, for the bus is away. " + parts_.bus->trouble()};
}

Task<void> Node::wait_for_bus(std::chrono::milliseconds span) {
    const auto until = clock_.now() + span;
    while (!bus_is_up_ && clock_.now() < until) {
        auto sleeping = clock_.sleep_until(clock_.now() + kBeatWhileDown);
        co_await std::move(sleeping);
    }
}

Task<void> Node::on_chat(Task<void> task) {
    auto running = asio::co_spawn(chat_shard_.executor(), std::move(task), asio::use_awaitable);
    co_await std::move(running);
}

// Runs on the chat thread: that it does is what it shows.
Task<void> Node::beat(Node& node) {
    while (!node.stopping_) {
        node.admin_.beat();
        node.bus_is_up_ = node.chat_->delivery().bus_is_up();
        auto sleeping =
            node.clock_.sleep_until(node.clock_.now() + (node.bus_is_up_ ? kBeat : kBeatWhileDown));
        co_await std::move(sleeping);
    }
}

void Node::give_memory_back() {
    parts_.stores->give_memory_back();
    // malloc keeps what was freed by itself.
    ::malloc_trim(0);
}

Task<void> Node::drain(std::chrono::milliseconds over) {
    sockets_.accept_new(false);
    // Whoever polls needs new TCP connections to the end, so the port is closed only afterwards.
    auto leaving = on_chat(gateway_->drain(over));
    co_await std::move(leaving);
    // The last answers to those who poll wait for their next poll.
    const auto until = clock_.now() + kLastPolls;
    while (sockets_.session_count() > 0 && clock_.now() < until) {
        auto sleeping = clock_.sleep_until(clock_.now() + kBeatWhileDown);
        co_await std::move(sleeping);
    }
    http_.drain(kLastRequests);
    http_.stop();
    auto stopping = on_chat(chat_->stop());
    co_await std::move(stopping);
    stop_threads();
}

void Node::stop_threads() {
    if (!std::exchange(running_, false)) return;
    stopping_ = true;
    // Their probes look into what goes now.
    health_.set("store", {});
    health_.set("bus", {});
    http_.stop();
    chat_shard_.stop();
    gateway_->stop();
}

}  // namespace warren::app
