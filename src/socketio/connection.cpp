#include "socketio/connection.hpp"

#include <exception>

#include "base/log.hpp"
#include "http/base64.hpp"
#include "socketio/client.hpp"

namespace warren::socketio {

void Ack::operator()(const json::array& args, Attachments attachments) {
    raw(arguments_json(args), std::move(attachments));
}

void Ack::raw(std::string_view args_json, Attachments attachments) {
    const auto id = std::exchange(id_, kNone);
    if (id == kNone) return;
    const auto connection = connection_.lock();
    if (!connection) return;
    connection->send(encode_ack(connection->nsp(), id, args_json, std::move(attachments)));
}

void Connection::emit(std::string_view event, const json::array& args, Attachments attachments) {
    send(encode_event(nsp(), event, arguments_json(args), std::nullopt, std::move(attachments)));
}

ConnectionImpl::ConnectionImpl(std::shared_ptr<Client> client, http::Shard& shard, const Namespace& nsp,
                               json::value auth)
    : client_(std::move(client)), shard_(shard), nsp_(nsp), auth_(std::move(auth)) {
    const auto id = http::base64url(http::random_bytes(15));
    std::copy_n(id.begin(), id_.size(), id_.begin());
}

asio::ip::address ConnectionImpl::remote() const {
    return client_ ? client_->remote() : asio::ip::address();
}

ConnectionImpl::Extra& ConnectionImpl::extra() {
    if (!extra_) extra_ = std::make_unique<Extra>();
    return *extra_;
}

Task<void> ConnectionImpl::admit(std::shared_ptr<ConnectionImpl> self) {
    Admission admission = CloseTransport{};
    try {
        auto asking = self->nsp_.application->admit(self);
        admission = co_await std::move(asking);
    } catch (const std::exception& e) {
        log::error("socketio_admission_failed", {{"error", e.what()}});
    }
    if (self->state_ != State::admitting) co_return;
    if (auto* accepted = std::get_if<Accept>(&admission)) {
        try {
            self->accept(std::move(*accepted));
        } catch (const std::exception& e) {
            log::error("socketio_handler_failed", {{"error", e.what()}});
            self->close_transport();
        }
    } else if (const auto* refused = std::get_if<Refuse>(&admission)) {
        self->refuse(*refused);
    } else {
        self->close_transport();
    }
}

void ConnectionImpl::accept(Accept accepted) {
    if (accepted.context) context_ = std::move(accepted.context);
    state_ = State::connected;
    client_->connected();
    client_->send(encode_connect(nsp_.name, id()));
    nsp_.application->connected(shared_from_this());
    if (!extra_) return;
    auto waiting = std::exchange(extra_->waiting, {});
    extra_->waiting_bytes = 0;
    for (auto& packet : waiting) {
        if (state_ == State::connected) deliver(std::move(packet));
    }
}

void ConnectionImpl::refuse(const Refuse& refused) {
    client_->send(encode_connect_error(nsp_.name, refused.message, refused.data));
    state_ = State::gone;
    const auto client = std::exchange(client_, nullptr);
    client->remove(*this);
}

bool ConnectionImpl::on_packet(Packet packet) {
    if (state_ == State::connected) {
        deliver(std::move(packet));
        return true;
    }
    auto& more = extra();
    std::size_t bytes = packet.raw.size();
    for (const auto& each : packet.attachments)
        bytes += each.size();
    more.waiting_bytes += bytes;
    more.waiting.push_back(std::move(packet));
    const auto& options = client_->options();
    return more.waiting.size() <= options.waiting_packets_max &&
           more.waiting_bytes <= options.packets.bytes_max;
}

void ConnectionImpl::deliver(Packet packet) {
    auto& array = packet.data.get_array();
    if (packet.type == PacketType::ack || packet.type == PacketType::binary_ack) {
        resolve(*packet.id, Answer{std::move(array), std::move(packet.attachments)});
        return;
    }
    Event event;
    const auto& name = array.front();
    event.name = name.is_string() ? std::string(name.get_string()) : json::serialize(name);
    array.erase(array.begin());
    event.args = std::move(array);
    event.attachments = std::move(packet.attachments);
    event.raw_args = std::move(packet.raw);
    if (packet.id) event.ack = Ack(weak_from_this(), *packet.id);
    nsp_.application->on_event(shared_from_this(), std::move(event));
}

void ConnectionImpl::send(const EncodedPacket& packet) {
    if (state_ == State::connected) client_->send(packet);
}

Connection::Footprint ConnectionImpl::footprint() const {
    const auto* session = client_ ? client_->session() : nullptr;
    return {this, client_.get(), session, session ? session->web_socket() : nullptr};
}

Task<Result<Answer>> ConnectionImpl::emit_with_ack(std::string event, json::array args,
                                                   std::chrono::milliseconds timeout) {
    if (state_ != State::connected) co_return Error(Errc::unavailable);
    const auto keep = shared_from_this();
    auto pending = std::make_shared<PendingAck>();
    pending->connection = this;
    pending->id = extra().next_ack++;
    extra().acks.emplace(pending->id, pending);
    shard_.arm(pending->timer, timeout);
    send(encode_event(nsp_.name, event, arguments_json(args), pending->id, {}));
    auto answering = pending->answer.wait();
    co_return co_await std::move(answering);
}

void ConnectionImpl::PendingAck::time_out() {
    connection->resolve(id, Error(Errc::timed_out));
}

void ConnectionImpl::resolve(std::uint64_t ack, Result<Answer> answer) {
    if (!extra_) return;
    const auto it = extra_->acks.find(ack);
    if (it == extra_->acks.end()) return;
    const auto pending = std::move(it->second);
    extra_->acks.erase(it);
    pending->timer.cancel();
    pending->answer.set(std::move(answer));
}

void ConnectionImpl::disconnect() {
    if (state_ == State::gone) return;
    const auto client = client_;
    client->send(encode_disconnect(nsp_.name));
    client->remove(*this);
    leave("server namespace disconnect");
}

void ConnectionImpl::close_transport() {
    if (const auto client = client_) client->close("forced close");
}

std::size_t ConnectionImpl::queued_bytes() const {
    return client_ && client_->session() ? client_->session()->queued_bytes() : 0;
}

void ConnectionImpl::leave(std::string_view reason) {
    if (state_ == State::gone) return;
    const auto keep = shared_from_this();
    const bool known = std::exchange(state_, State::gone) == State::connected;
    client_ = nullptr;
    if (extra_) {
        const auto acks = std::exchange(extra_->acks, {});
        for (const auto& [_, pending] : acks) {
            pending->timer.cancel();
            pending->answer.set(Error(Errc::unavailable));
        }
        extra_ = nullptr;
    }
    if (!known) return;
    // The other connections of the session are told all the same.
    try {
        nsp_.application->disconnected(keep, reason);
    } catch (const std::exception& e) {
        log::error("socketio_disconnected_failed", {{"error", e.what()}});
    }
}

}  // namespace warren::socketio
