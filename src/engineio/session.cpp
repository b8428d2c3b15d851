#include "engineio/session.hpp"

#include "base/log.hpp"
#include "engineio/session_impl.hpp"
#include "http/frame.hpp"
#include "http/gzip.hpp"
#include "http/utf8.hpp"

namespace warren::engineio {
namespace {

constexpr std::chrono::milliseconds kUpgradeTick{100};
constexpr std::chrono::milliseconds kCloseWait{30'000};
constexpr std::size_t kPacketsPerPoll = 16;  ///< python-engineio refuses a payload of more.
constexpr std::size_t kFrameCost = 64;       ///< What an empty message in a queue costs all the same.
constexpr std::chrono::milliseconds kOnTime{24};

http::OutFrame packet_frame(PacketType type, std::string_view data = {}) {
    const char digit = static_cast<char>(type);
    return std::make_shared<const http::Frame>(http::text_frame({&digit, 1}, data));
}

const http::OutFrame& ping_frame() {
    static const auto frame = packet_frame(PacketType::ping);
    return frame;
}

std::string open_data(const SessionImpl& session, const Options& options) {
    const bool upgrades = session.transport() == Transport::polling;
    return R"({"sid":")" + session.sid() + R"(","upgrades":[)" + (upgrades ? R"("websocket")" : "") +
           R"(],"pingInterval":)" + std::to_string(options.ping_interval.count()) + R"(,"pingTimeout":)" +
           std::to_string(options.ping_timeout.count()) + R"(,"maxPayload":)" +
           std::to_string(options.max_payload) + "}";
}

}  // namespace

void Session::send_text(std::string_view text) {
    send(packet_frame(PacketType::message, text));
}

void Session::send_binary(std::string_view bytes) {
    send(std::make_shared<const http::Frame>(http::binary_frame(bytes)));
}

SessionImpl::SessionImpl(Home& home, Sid sid, const asio::ip::address& remote,
                         std::shared_ptr<http::WebSocket> socket)
    : home_(home),
      socket_(std::move(socket)),
      websocket_(socket_ != nullptr),
      sid_(sid),
      remote_(remote),
      timer_([](void* self) { static_cast<SessionImpl*>(self)->on_timer(); }, this) {}

void SessionImpl::start() {
    const auto& options = home_.shared.options;
    send(packet_frame(PacketType::open, open_data(*this, options)));
    home_.shard.arm(timer_, options.ping_interval);
    listener_ = home_.shared.on_session(shared_from_this());
    if (!listener_ && state_ == State::open) close("forced close");
}

std::size_t SessionImpl::queued_bytes() const {
    return socket_ ? socket_->queued_bytes() : queued_bytes_;
}

void SessionImpl::send(http::OutFrame frame) {
    if (state_ != State::open || overflowed_) return;
    if (socket_) {
        socket_->send(std::move(frame));
        return;
    }
    // Told at the end of the turn: the caller may be in the middle of a walk over its connections.
    overflowed_ = queued_bytes_ + frame->bytes.size() + kFrameCost > home_.shared.options.queue_bytes_max;
    if (!overflowed_) push(std::move(frame));
    if ((poll_ || overflowed_) && !std::exchange(flush_scheduled_, true)) {
        home_.shard.flush_soon(shared_from_this());
    }
}

void SessionImpl::push(http::OutFrame frame) {
    queued_bytes_ += frame->bytes.size() + kFrameCost;
    queue_.push_back(std::move(frame));
}

void SessionImpl::flush() {
    flush_scheduled_ = false;
    if (state_ == State::closed) return;
    if (overflowed_) {
        std::vector<http::OutFrame>().swap(queue_);
        queued_bytes_ = 0;
        close("slow consumer");
    } else if (poll_ && !queue_.empty()) {
        answer_poll();
    }
}

std::vector<http::OutFrame> SessionImpl::take_payload() {
    if (queue_.size() <= kPacketsPerPoll) {
        queued_bytes_ = 0;
        return std::exchange(queue_, {});
    }
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(kPacketsPerPoll);
    std::vector<http::OutFrame> taken(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    for (const auto& frame : taken)
        queued_bytes_ -= frame->bytes.size() + kFrameCost;
    return taken;
}

void SessionImpl::answer_poll() {
    const auto& options = home_.shared.options;
    auto body = encode_payload(take_payload());
    const auto poll = std::exchange(poll_, nullptr);
    http::Response response(200, "text/plain; charset=UTF-8", {});
    response.header("Cache-Control", "no-store");
    if (poll->gzip && options.gzip_from_bytes > 0 && body.size() >= options.gzip_from_bytes) {
        body = http::gzip(body, 1);
        response.header("Content-Encoding", "gzip").header("Vary", "Accept-Encoding");
    }
    response.body = std::move(body);
    poll->answer.set(std::move(response));
}

void SessionImpl::catch_up(SteadyTime now) {
    while (state_ != State::closed && timer_.armed() && timer_.due() <= now) {
        timer_.cancel();
        on_timer();
    }
}

void SessionImpl::on_timer() {
    const auto keep = shared_from_this();
    if (state_ == State::closing) {
        finish("forced close");
    } else if (pong_due_) {
        finish("ping timeout");
    } else {
        send(ping_frame());
        pong_due_ = true;
        pong_refreshed_ = false;
        // From when it should have fired, not when it did, unless the shard stood still: then the client
        // shall not pay for it.
        const auto now = std::chrono::steady_clock::now();
        arm_pong(now - timer_.due() <= kOnTime ? timer_.due() : now);
    }
}

void SessionImpl::arm_pong(SteadyTime from) {
    home_.shard.arm_at(timer_, from + home_.shared.options.ping_timeout);
}

void SessionImpl::refresh_pong() {
    // Whoever sends a long upload cannot answer a ping in between; once per ping that counts as a sign of
    // life.
    if (!pong_due_ || std::exchange(pong_refreshed_, true)) return;
    arm_pong(std::chrono::steady_clock::now());
}

bool SessionImpl::begin_poll(const std::shared_ptr<Poll>& poll) {
    if (poll_) {
        queue_.clear();
        push(packet_frame(PacketType::close));
        answer_poll();
        finish("transport error");
        return false;
    }
    poll_ = poll;
    if (state_ == State::closing) {
        if (queue_.empty()) push(packet_frame(PacketType::noop));
        answer_poll();
        finish_if_done();
    } else if (!queue_.empty()) {
        answer_poll();
    }
    return true;
}

void SessionImpl::poll_gone(const std::shared_ptr<Poll>& poll) {
    if (poll_ == poll) finish("transport error");
}

bool SessionImpl::on_payload(std::string_view payload) {
    const auto keep = shared_from_this();
    if (!http::is_utf8(payload)) {
        finish("parse error");
        return false;
    }
    bool good = true;
    for_each_packet(payload, [&](std::string_view text) {
        const auto packet = parse_text_packet(text);
        if (!packet) finish("parse error");
        good = packet && (on_packet(*packet) || packet->type == PacketType::close);
        return good && state_ == State::open;
    });
    return good;
}

void SessionImpl::on_web_socket(bool binary, std::string_view payload) {
    if (state_ != State::open) return;
    if (binary) {
        deliver(true, payload);
        return;
    }
    const auto packet = parse_text_packet(payload);
    if (packet) {
        on_packet(*packet);
    } else {
        finish("parse error");
    }
}

bool SessionImpl::on_packet(const Packet& packet) {
    if (state_ != State::open) return true;
    switch (packet.type) {
        case PacketType::message:
            deliver(packet.binary, packet.content());
            return true;
        case PacketType::pong:
            pong_due_ = false;
            home_.shard.arm(timer_, home_.shared.options.ping_interval);
            return true;
        case PacketType::close:
            finish("transport close");
            return false;
        case PacketType::ping:
            // In v4 the server pings.
            finish("transport error");
            return false;
        default:
            refresh_pong();
            return true;
    }
}

void SessionImpl::deliver(bool binary, std::string_view data) {
    refresh_pong();
    if (const auto listener = listener_) listener->on_message(*this, binary, data);
}

void SessionImpl::begin_upgrade(std::shared_ptr<http::WebSocket> socket) {
    if (!may_upgrade()) {
        socket->close(http::close_code::kNormal, {});
        return;
    }
    upgrade_ = std::make_unique<Upgrade>(this);
    upgrade_->socket = std::move(socket);
    upgrade_->deadline = std::chrono::steady_clock::now() + home_.shared.options.upgrade_timeout;
    home_.shard.arm(upgrade_->timer, kUpgradeTick);
}

bool SessionImpl::on_probe(bool binary, std::string_view payload) {
    if (!upgrade_) return false;
    const auto keep = shared_from_this();
    if (!binary && payload == "2probe") {
        upgrade_->probed = true;
        upgrade_->socket->send(packet_frame(PacketType::pong, "probe"));
        on_upgrade_tick();
        return false;
    }
    if (binary || payload != "5" || !upgrade_->probed) {
        end_upgrade();
        finish_if_done();
        return false;
    }
    complete_upgrade();
    finish_if_done();
    return true;
}

void SessionImpl::on_upgrade_tick() {
    if (std::chrono::steady_clock::now() >= upgrade_->deadline) {
        const auto keep = shared_from_this();
        end_upgrade();
        finish_if_done();
        return;
    }
    // The client stops polling before it upgrades; a poll that waits is sent home for that.
    if (upgrade_->probed && poll_) {
        if (queue_.empty()) push(packet_frame(PacketType::noop));
        answer_poll();
    }
    home_.shard.arm(upgrade_->timer, kUpgradeTick);
}

void SessionImpl::complete_upgrade() {
    if (poll_) {
        // Nothing that counts goes to a poll now: nobody may be listening there any more.
        std::vector<http::OutFrame> waiting;
        waiting.swap(queue_);
        push(packet_frame(PacketType::noop));
        answer_poll();
        queue_.swap(waiting);
    }
    const auto upgrade = std::move(upgrade_);
    socket_ = upgrade->socket;
    websocket_ = true;
    for (auto& frame : queue_)
        socket_->send(std::move(frame));
    std::vector<http::OutFrame>().swap(queue_);
    queued_bytes_ = 0;
}

void SessionImpl::end_upgrade() {
    if (const auto upgrade = std::move(upgrade_)) upgrade->socket->close(http::close_code::kNormal, {});
}

void SessionImpl::probe_closed(http::WebSocket& socket) {
    if (!upgrade_ || upgrade_->socket.get() != &socket) return;
    upgrade_ = nullptr;
    finish_if_done();
}

void SessionImpl::web_socket_closed(std::string_view reason) {
    socket_ = nullptr;
    finish(reason == "closed" ? "transport close" : reason == "slow consumer" ? reason : "transport error");
}

void SessionImpl::close(std::string_view reason) {
    if (state_ != State::open) return;
    if (poll_ && !queue_.empty()) answer_poll();
    // Stock clients that lose the WebSocket between the probe's answer and their upgrade neither poll nor
    // close until their heartbeat fails: the upgrade is let through, and then they are told.
    const bool upgrading = upgrade_ && upgrade_->probed;
    if (socket_ || (queue_.empty() && !upgrading)) {
        finish(reason);
        return;
    }
    // What is queued goes with the next polls; the application is done with the session now. No close packet:
    // some clients take that for "stay away", while after an unknown session all of them come back.
    state_ = State::closing;
    if (!upgrading) end_upgrade();
    home_.shard.arm(timer_, kCloseWait);
    tell(reason);
}

void SessionImpl::finish_if_done() {
    if (state_ == State::closing && queue_.empty() && !upgrade_) finish("forced close");
}

void SessionImpl::tell(std::string_view reason) {
    log::debug("engineio_session_closed", {{"path", home_.shared.options.path}, {"reason", reason}});
    const auto keep = shared_from_this();
    const auto listener = std::exchange(listener_, nullptr);
    const auto& closed = home_.shared.closed;
    if (const auto it = closed.find(reason); it != closed.end()) it->second->Increment();
    if (listener) listener->on_closed(*this, reason);
}

void SessionImpl::finish(std::string_view reason) {
    if (state_ == State::closed) return;
    const auto keep = shared_from_this();
    const bool told = std::exchange(state_, State::closed) == State::closing;
    timer_.cancel();
    end_upgrade();
    if (poll_) {
        queue_.clear();
        push(packet_frame(PacketType::noop));
        answer_poll();
    }
    if (const auto socket = std::exchange(socket_, nullptr)) socket->close(http::close_code::kNormal, {});
    std::vector<http::OutFrame>().swap(queue_);
    queued_bytes_ = 0;
    home_.sessions.erase(sid_.secret);
    const auto left = --home_.shared.sessions;
    if (home_.shared.open) home_.shared.open->Set(static_cast<double>(left));
    if (!told) tell(reason);
}

}  // namespace warren::engineio
