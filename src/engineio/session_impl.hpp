#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/oneshot.hpp"
#include "engineio/payload.hpp"
#include "engineio/server.hpp"
#include "engineio/session.hpp"
#include "engineio/sid.hpp"

namespace warren::engineio {

class SessionImpl;

/// A poll that waits for its answer.
struct Poll {
    Oneshot<http::Response> answer;
    bool gzip = false;
};

/// What the sessions of all shards share.
struct Shared {
    Options options;
    Server::OnSession on_session;
    std::atomic<std::size_t> sessions{0};
    prometheus::Gauge* open = nullptr;
    Metrics* metrics = nullptr;
    std::map<std::string, prometheus::Counter*, std::less<>> closed;  ///< By reason; filled at the start.
};

/// The sessions of one shard.
struct Home {
    struct Hash {
        std::size_t operator()(const Sid::Secret& secret) const {
            std::size_t hash;
            std::memcpy(&hash, secret.data(), sizeof hash);  // It is random already.
            return hash;
        }
    };
    Home(Shared& s, http::Shard& sh) : shared(s), shard(sh) {}

    /// The session of that name, unless it has timed out meanwhile.
    std::shared_ptr<SessionImpl> find(std::string_view sid);
    std::shared_ptr<SessionImpl> open(const asio::ip::address& remote,
                                      std::shared_ptr<http::WebSocket> socket);
    void close_all(std::chrono::milliseconds over);
    void close_some();

    Shared& shared;
    http::Shard& shard;
    std::unordered_map<Sid::Secret, std::shared_ptr<SessionImpl>, Hash> sessions;
    std::vector<std::weak_ptr<SessionImpl>> to_close;
    std::size_t close_per_tick = 0;
    http::Timer close_timer{[](void* self) { static_cast<Home*>(self)->close_some(); }, this};
};

/// The listener of one WebSocket: a session's transport, or one that wants to become it.
class WebSocketTransport final : public http::WebSocketListener {
public:
    /// Opens a session.
    WebSocketTransport(Home& home, const asio::ip::address& remote) : home_(home), remote_(remote) {}
    /// Probes to take over `session`; null: the WebSocket is closed at once.
    WebSocketTransport(Home& home, std::shared_ptr<SessionImpl> session)
        : home_(home), session_(std::move(session)), probing_(true) {}

    void opened(std::shared_ptr<http::WebSocket> socket) override;
    void on_message(http::WebSocket& socket, bool binary, std::string_view payload) override;
    void on_closed(http::WebSocket& socket, std::string_view reason) override;

private:
    Home& home_;
    std::shared_ptr<SessionImpl> session_;
    asio::ip::address remote_;
    bool probing_ = false;
};

/// @see Session. States: open; closing (polling only: the client learns of the close by its next poll or, in
/// the middle of an upgrade, by the WebSocket); closed.
class SessionImpl final : public Session,
                          public http::Flushable,
                          public std::enable_shared_from_this<SessionImpl> {
public:
    SessionImpl(Home& home, Sid sid, const asio::ip::address& remote,
                std::shared_ptr<http::WebSocket> socket);

    void start();
    std::string sid() const override { return sid_.text(); }
    http::Shard& shard() override { return home_.shard; }
    const asio::ip::address& remote() const override { return remote_; }
    Transport transport() const override { return websocket_ ? Transport::websocket : Transport::polling; }
    bool is_open() const override { return state_ == State::open; }
    void send(http::OutFrame frame) override;
    const http::WebSocket* web_socket() const override { return socket_.get(); }
    std::size_t queued_bytes() const override;
    void close(std::string_view reason) override;
    void flush() override;

    /// Fires what is due, so that no request is served that came a moment after a time-out.
    void catch_up(SteadyTime now);
    /// Takes a poll; false when another is waiting, which ends the session.
    bool begin_poll(const std::shared_ptr<Poll>& poll);
    bool is_waiting(const std::shared_ptr<Poll>& poll) const { return poll_ == poll; }
    void poll_gone(const std::shared_ptr<Poll>& poll);
    /// Takes a POST's body; false when it is malformed, which ends the session.
    bool on_payload(std::string_view payload);
    void on_binary_post() { finish("transport error"); }

    bool may_upgrade() const { return state_ == State::open && !websocket_ && !upgrade_; }
    void begin_upgrade(std::shared_ptr<http::WebSocket> socket);
    /// A message on the WebSocket that probes; true when it is the transport now.
    bool on_probe(bool binary, std::string_view payload);
    void probe_closed(http::WebSocket& socket);

    void on_web_socket(bool binary, std::string_view payload);
    void web_socket_closed(std::string_view reason);

private:
    enum class State : std::uint8_t { open, closing, closed };
    struct Upgrade {
        explicit Upgrade(SessionImpl* session)
            : timer([](void* self) { static_cast<SessionImpl*>(self)->on_upgrade_tick(); }, session) {}
        std::shared_ptr<http::WebSocket> socket;
        http::Timer timer;
        SteadyTime deadline;
        bool probed = false;
    };

    void on_timer();
    void arm_pong(SteadyTime from);
    bool on_packet(const Packet& packet);
    void deliver(bool binary, std::string_view data);
    void refresh_pong();
    void push(http::OutFrame frame);
    std::vector<http::OutFrame> take_payload();
    void answer_poll();
    void on_upgrade_tick();
    void end_upgrade();
    void complete_upgrade();
    void finish_if_done();
    void tell(std::string_view reason);
    void finish(std::string_view reason);

    // What `send` touches lies together, at the beginning.
    Home& home_;
    std::shared_ptr<http::WebSocket> socket_;
    State state_ = State::open;
    bool websocket_ = false;
    bool pong_due_ = false, pong_refreshed_ = false;
    bool flush_scheduled_ = false, overflowed_ = false;
    Sid sid_;
    asio::ip::address remote_;
    std::shared_ptr<SessionListener> listener_;
    std::vector<http::OutFrame> queue_;  ///< Polling only.
    std::size_t queued_bytes_ = 0;
    std::shared_ptr<Poll> poll_;
    std::unique_ptr<Upgrade> upgrade_;
    http::Timer timer_;
};

}  // namespace warren::engineio
