#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engineio/session.hpp"
#include "http/server.hpp"

namespace warren::engineio {

struct Options {
    std::string path = "/engine.io/";
    std::chrono::milliseconds ping_interval{25'000};
    std::chrono::milliseconds ping_timeout{20'000};
    std::chrono::milliseconds upgrade_timeout{10'000};
    std::size_t max_payload = 1'000'000;            ///< Bytes a client may send in one message or POST.
    std::size_t queue_bytes_max = 4 * 1024 * 1024;  ///< Waiting for a poll; see http::Limits for WebSocket.
    std::size_t sessions_max = 200'000;             ///< On all shards together; beyond: 503.
    std::uint32_t node = 0;                         ///< Below 2^24; part of every sid.
    std::string cors_origin;                        ///< Empty: no CORS headers. `*` or one origin.
    bool cors_credentials = false;
    std::size_t gzip_from_bytes = 1024;  ///< Poll answers from this size up; 0: never.
};

/// Engine.IO v4 (polling, WebSocket, upgrade) at a path of an http::Server. Make it before `http.start()`,
/// and keep it until after `http.stop()`.
class Server {
public:
    /// Gives a new session its listener; called on the session's shard.
    using OnSession = std::function<std::shared_ptr<SessionListener>(std::shared_ptr<Session>)>;

    Server(http::Server& http, Options options, OnSession on_session);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// While false new handshakes are answered 503 (stock clients try again). Thread-safe.
    void accept_new(bool accept);
    /// Open sessions of all shards. Thread-safe.
    std::size_t session_count() const;
    const Options& options() const;

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace warren::engineio
