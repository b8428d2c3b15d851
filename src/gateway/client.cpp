#include "gateway/client.hpp"

#include "gateway/core.hpp"
#include "gateway/encode.hpp"

namespace warren::gateway {
namespace {

std::size_t bytes_of(const Word& word) {
    const auto* packet = std::get_if<socketio::EncodedPacket>(&word);
    return packet ? (*packet)->bytes() : 0;
}

}  // namespace

Client::Client(std::shared_ptr<Core> core, http::Shard& shard, std::shared_ptr<PerAddress> address,
               const chat::Identity& identity)
    : core_(std::move(core)),
      shard_(shard),
      address_(std::move(address)),
      user_(identity.user.id),
      session_(identity.socket_token_hash) {}

template <class Push>
void Client::put_encoded(const Push& push, std::string (*json)(const Push&)) {
    auto* encoded = std::any_cast<socketio::EncodedPacket>(&push.encoded);
    if (!encoded) {
        push.encoded = socketio::encode_event("/", "event", json(push));
        encoded = std::any_cast<socketio::EncodedPacket>(&push.encoded);
        core_->counts.encoded.Increment();
    }
    core_->outbox->put(*this, *encoded);
}

void Client::push(const chat::PushPtr& push) {
    put_encoded(*push, push_json);
}

void Client::notice(const chat::NoticePushPtr& push) {
    put_encoded(*push, notice_json);
}

void Client::resync(const std::vector<std::pair<ChannelId, Seq>>& channels) {
    core_->outbox->put(*this, socketio::encode_event("/", "event", resync_json(channels)));
}

void Client::reconnect() {
    core_->outbox->put(shared_from_this(), End{.within = core_->up_to(core_->options.reconnect_jitter)});
}

void Client::signed_out() {
    core_->outbox->put(shared_from_this(), End{.for_good = true});
}

void Client::connected(std::shared_ptr<socketio::Connection> connection) {
    connection_ = std::move(connection);
    was_connected_ = true;
    auto early = std::exchange(early_, {});
    if (early_bytes_ > core_->options.early_bytes_max) {
        closing_ = true;
        close_when_idle();
        return;
    }
    for (auto& word : early)
        deliver(word);
}

void Client::gone() {
    connection_.reset();
    early_.clear();
    closer_.reset();
}

void Client::deliver(Word& word) {
    if (!was_connected_) {
        early_bytes_ += bytes_of(word);
        if (early_bytes_ > core_->options.early_bytes_max) return;
        const auto* packet = std::get_if<socketio::EncodedPacket>(&word);
        early_.push_back(packet ? Word(*packet) : std::move(word));
        return;
    }
    if (!connection_) return;
    if (const auto* packet = std::get_if<socketio::EncodedPacket>(&word)) {
        connection_->send(*packet);
        if (!footprint_.web_socket) footprint_ = connection_->footprint();
    } else if (auto* reply = std::get_if<Reply>(&word)) {
        if (reply->ack) reply->ack.raw(reply->json);
        finished();
    } else {
        end(std::get<End>(word));
    }
}

void Client::end(const End& end) {
    if (end.for_good) {
        const auto connection = connection_;  // It calls gone().
        connection->disconnect();
    } else if (end.within.count() == 0) {
        close_when_idle();
    } else if (!closer_) {
        closer_ = std::make_unique<http::Timer>(
            [](void* self) { static_cast<Client*>(self)->close_when_idle(); }, this);
        shard_.arm(*closer_, end.within);
    }
}

Result<void> Client::take(RateClass what, SteadyTime now) {
    if (closing_)
        return Error{Errc::unavailable, "This node is closing the connection; please send it again."};
    if (in_flight_ >= core_->options.events_in_flight_max) {
        return Error{Errc::overloaded, "Too many events wait for their answers; please wait for some."};
    }
    WARREN_TRY_VOID(rates_.take(core_->options.connection_rates, what, now));
    ++in_flight_;
    return {};
}

void Client::finished() {
    --in_flight_;
    if (closing_) close_when_idle();
}

void Client::close_when_idle() {
    closing_ = true;
    const auto connection = connection_;
    if (connection && in_flight_ == 0) connection->close_transport();
}

}  // namespace warren::gateway
