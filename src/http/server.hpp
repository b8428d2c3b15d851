#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "http/shard.hpp"
#include "http/web_socket.hpp"

namespace warren::http {

/// What a client may use of us. Beyond: 431, 413, 408, or the connection is closed.
struct Limits {
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 1'000'000;
    std::chrono::milliseconds header_timeout{10'000};  ///< From a request's first byte to its header's end.
    std::chrono::milliseconds body_timeout{30'000};    ///< From there to the end of its body.
    std::chrono::milliseconds keep_alive_timeout{75'000};  ///< Between two requests.
    std::chrono::milliseconds write_timeout{60'000};       ///< A response without any progress.
    std::size_t websocket_message_bytes_max = 1'000'000;
    std::size_t websocket_queue_bytes_max = 4 * 1024 * 1024;
    std::size_t connections_max = 200'000;
    std::size_t connections_per_address_max = 0;  ///< 0: no limit (behind a proxy all come from one).
};

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: a free one; see `Server::port`.
    std::size_t shards = 0;  ///< 0: one per core.
    Limits limits;
    bool trust_forwarded_for = false;  ///< Take the client's address from the last X-Forwarded-For entry.
    Metrics* metrics = nullptr;        ///< Outlives the server; may be null.
};

/// Answers a WebSocket handshake: a response refuses it, a listener accepts it.
using UpgradeAnswer = std::variant<Response, std::shared_ptr<WebSocketListener>>;

/// What is served at a path.
struct Route {
    Handler handler;
    /// Called for WebSocket handshakes; without it they are ordinary requests.
    std::function<UpgradeAnswer(Request&)> upgrade = nullptr;
    /// The shard that must handle the request; the connection is handed over to it.
    std::function<std::size_t(const Request&, std::size_t here)> shard_of = nullptr;
    std::size_t body_bytes_max = 0;  ///< 0: the server's.
};

/// An HTTP/1.1 server with one shard per core, each with its own acceptor (SO_REUSEPORT). Routes are added
/// before `start`. `start`, `drain` and `stop` are called from a thread that is no shard.
class Server {
public:
    explicit Server(ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Serves exactly `path`. An exact path wins over a prefix, a longer prefix over a shorter one.
    void route(std::string path, Route route);
    void route(std::string path, Handler handler) { route(std::move(path), Route{std::move(handler)}); }
    void route_prefix(std::string prefix, Route route);
    void route_prefix(std::string prefix, Handler handler) {
        route_prefix(std::move(prefix), Route{std::move(handler)});
    }

    /// Called on each shard when draining begins; closes what is long-lived over the given time.
    void on_drain(std::function<void(Shard&, std::chrono::milliseconds)> closer);

    /// Binds and starts the shards. @errors unavailable (says why: port in use, address unknown)
    Result<void> start();
    std::uint16_t port() const;

    std::size_t shard_count() const;
    Shard& shard(std::size_t index);
    const ServerOptions& options() const;

    /// No new connections; requests in progress are answered and their connections closed; long-lived ones
    /// are closed evenly over `over`. Returns when all are gone, at the latest a second after that.
    void drain(std::chrono::milliseconds over);
    /// Closes everything at once. The destructor does so too.
    void stop();

    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace warren::http
