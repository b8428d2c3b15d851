#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "engineio/server.hpp"
#include "socketio/connection.hpp"
#include "socketio/packet.hpp"

namespace warren::socketio {

/// Where the browser bundles of this build or installation lie; empty when there are none.
std::filesystem::path find_client_bundles();

/// `engine.path` is "/socket.io/" unless set otherwise.
struct Options {
    engineio::Options engine = default_engine();
    std::chrono::milliseconds connect_timeout{45'000};  ///< From the session's start to its first namespace.
    PacketLimits packets;
    std::size_t namespaces_per_session_max = 16;
    std::size_t waiting_packets_max = 64;  ///< That arrived before the admission's answer.
    /// Where `socket.io.js`, `.min.js` and `.esm.min.js` (npm: socket.io-client/dist) lie; empty: not served.
    std::filesystem::path client_bundles;

    static engineio::Options default_engine() {
        engineio::Options engine;
        engine.path = "/socket.io/";
        return engine;
    }
};

/// A Socket.IO v5 server at a path of an http::Server. Make it and call `serve` before `http.start()`; keep
/// it until after `http.stop()`.
class Server {
public:
    Server(http::Server& http, Options options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Serves namespace `nsp` ("/" is the main one). A CONNECT to any other is refused: "Invalid namespace".
    void serve(std::string nsp, std::shared_ptr<Application> application);

    /// While false new handshakes are answered 503 (stock clients try again). Thread-safe.
    void accept_new(bool accept);
    /// Open sessions of all shards. Thread-safe.
    std::size_t session_count() const;

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace warren::socketio
