#include "engineio/session_impl.hpp"
#include "http/frame.hpp"

namespace warren::engineio {
namespace {

constexpr std::chrono::milliseconds kCloseTick{50};
constexpr std::string_view kShutdown = "server shutting down";

}  // namespace

std::shared_ptr<SessionImpl> Home::find(std::string_view text) {
    const auto sid = parse_sid(text);
    if (!sid || sid->node != shared.options.node || sid->shard != shard.index()) return nullptr;
    const auto it = sessions.find(sid->secret);
    if (it == sessions.end()) return nullptr;
    const auto session = it->second;
    session->catch_up(std::chrono::steady_clock::now());
    return sessions.contains(sid->secret) ? session : nullptr;
}

std::shared_ptr<SessionImpl> Home::open(const asio::ip::address& remote,
                                        std::shared_ptr<http::WebSocket> socket) {
    const auto sid = make_sid(shared.options.node, static_cast<std::uint16_t>(shard.index()));
    auto session = std::make_shared<SessionImpl>(*this, sid, remote, std::move(socket));
    sessions.emplace(sid.secret, session);
    const auto count = ++shared.sessions;
    if (shared.open) shared.open->Set(static_cast<double>(count));
    session->start();
    return session;
}

void Home::close_all(std::chrono::milliseconds over) {
    for (auto& [_, session] : sessions)
        to_close.push_back(session);
    const auto ticks = static_cast<std::size_t>(over / kCloseTick) + 1;
    close_per_tick = over.count() == 0 ? to_close.size() : (to_close.size() + ticks - 1) / ticks;
    close_some();
}

void Home::close_some() {
    for (std::size_t i = 0; i < close_per_tick && !to_close.empty(); ++i) {
        if (const auto session = to_close.back().lock()) session->close(kShutdown);
        to_close.pop_back();
    }
    if (!to_close.empty()) shard.arm(close_timer, kCloseTick);
}

void WebSocketTransport::opened(std::shared_ptr<http::WebSocket> socket) {
    if (!probing_) {
        session_ = home_.open(remote_, std::move(socket));
    } else if (session_) {
        session_->begin_upgrade(std::move(socket));
    } else {
        socket->close(http::close_code::kNormal, {});
    }
}

void WebSocketTransport::on_message(http::WebSocket&, bool binary, std::string_view payload) {
    if (!session_) return;
    if (probing_) {
        probing_ = !session_->on_probe(binary, payload);
    } else {
        session_->on_web_socket(binary, payload);
    }
}

void WebSocketTransport::on_closed(http::WebSocket& socket, std::string_view reason) {
    const auto session = std::exchange(session_, nullptr);
    if (!session) return;
    if (probing_) {
        session->probe_closed(socket);
    } else {
        session->web_socket_closed(reason);
    }
}

}  // namespace warren::engineio
