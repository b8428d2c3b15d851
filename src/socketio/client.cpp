#include "socketio/client.hpp"

#include <exception>

#include "base/log.hpp"

namespace warren::socketio {

Client::Client(Server::Impl& server, std::shared_ptr<engineio::Session> session)
    : server_(server), session_(std::move(session)), decoder_(server.options.packets) {}

void Client::start() {
    connect_timer_ = std::make_unique<http::Timer>(
        [](void* self) { static_cast<Client*>(self)->close("forced close"); }, this);
    session_->shard().arm(*connect_timer_, options().connect_timeout);
}

void Client::on_message(engineio::Session&, bool binary, std::string_view data) {
    const auto keep = shared_from_this();
    try {
        auto packet = binary ? decoder_.binary(data) : decoder_.text(data);
        if (packet.has_error()) {
            close("parse error");
        } else if (*packet) {
            on_packet(std::move(**packet));
        }
    } catch (const std::exception& e) {
        log::error("socketio_handler_failed", {{"error", e.what()}});
        close("forced close");
    }
}

void Client::on_closed(engineio::Session&, std::string_view reason) {
    const auto keep = shared_from_this();
    connect_timer_.reset();
    session_ = nullptr;
    const auto connections = std::exchange(connections_, {});
    for (const auto& connection : connections)
        connection->leave(reason);
}

void Client::send(const EncodedPacket& packet) {
    if (!session_) return;
    session_->send(http::OutFrame(packet, &packet->text));
    for (const auto& frame : packet->attachments)
        session_->send(http::OutFrame(packet, &frame));
}

void Client::close(std::string_view reason) {
    if (const auto session = session_) session->close(reason);
}

void Client::remove(const ConnectionImpl& connection) {
    std::erase_if(connections_, [&](const auto& each) { return each.get() == &connection; });
    left_.push_back(&connection.space());
}

std::shared_ptr<ConnectionImpl> Client::find(std::string_view nsp) const {
    for (const auto& each : connections_) {
        if (each->space().name == nsp) return each;
    }
    return nullptr;
}

void Client::on_packet(Packet packet) {
    const auto connection = find(packet.nsp);
    if (packet.type == PacketType::connect) {
        if (connection) {
            close("parse error");
        } else {
            connect(std::move(packet));
        }
    } else if (packet.type == PacketType::connect_error) {
        close("parse error");
    } else if (!connection) {
        const auto is_it = [&](const Namespace* each) { return each->name == packet.nsp; };
        if (std::none_of(left_.begin(), left_.end(), is_it)) close("parse error");
    } else if (packet.type == PacketType::disconnect) {
        std::erase(connections_, connection);
        connection->leave("client namespace disconnect");
    } else if (!connection->on_packet(std::move(packet))) {
        close("parse error");
    }
}

void Client::connect(Packet packet) {
    const auto it = server_.namespaces.find(packet.nsp);
    if (it == server_.namespaces.end()) {
        send(encode_connect_error(packet.nsp, "Invalid namespace", nullptr));
        return;
    }
    if (connections_.size() >= options().namespaces_per_session_max) {
        close("parse error");
        return;
    }
    std::erase(left_, &it->second);
    auto auth = packet.data.is_object() ? std::move(packet.data) : json::object();
    auto connection =
        std::make_shared<ConnectionImpl>(shared_from_this(), session_->shard(), it->second, std::move(auth));
    connections_.push_back(connection);
    spawn(session_->shard().executor(), "socketio_admit", ConnectionImpl::admit(connection));
}

}  // namespace warren::socketio
