#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "tests/support/child_process.hpp"

namespace warren::testing {

enum class ServerKind { rabbitmq, mongodb, redis };

/// A real server that tests run against, started by the recipe of its name beside this file, on a free port
/// of 127.0.0.1. Usually the one `shared` per test program; a test that stops or restarts a server may own
/// one. Its log is build/test-logs/PROGRAM/KIND-N.log (or under $WARREN_TEST_LOGS), deleted where no test
/// failed. Not thread-safe. With WARREN_TEST_MONGODB_URL set, the shared MongoDB server is that one, which is
/// neither started nor stopped.
class RealServer {
public:
    /// Starts the server and waits until it answers in its own protocol; throws std::runtime_error with the
    /// log's end.
    explicit RealServer(ServerKind kind);
    ~RealServer();
    RealServer(const RealServer&) = delete;
    RealServer& operator=(const RealServer&) = delete;

    /// The program's own instance, started at the first call. Only after WARREN_REQUIRE_SERVER(kind).
    static RealServer& shared(ServerKind kind);
    static RealServer& rabbitmq() { return shared(ServerKind::rabbitmq); }
    static RealServer& mongodb() { return shared(ServerKind::mongodb); }
    static RealServer& redis() { return shared(ServerKind::redis); }

    /// Why `kind` cannot be had on this machine; nothing if it can, and then the shared instance runs.
    static std::optional<std::string> missing(ServerKind kind);
    /// Whether WARREN_REQUIRE names `kind` (rabbitmq, mongo, redis), so that its absence fails tests.
    static bool required(ServerKind kind);

    /// amqp://guest:guest@127.0.0.1:PORT, mongodb://127.0.0.1:PORT/ or redis://127.0.0.1:PORT; stays over
    /// restarts.
    const std::string& url() const { return url_; }
    std::uint16_t port() const { return port_; }
    /// Whether this program may stop it (not so for a server given by its URL).
    bool is_ours() const { return port_ != 0; }
    /// Where its data is: what tools such as `rabbitmqctl` beside the recipe are told. Only where `is_ours`.
    const std::filesystem::path& folder() const { return folder_->path(); }
    /// Starts it again, on the same port and data, and waits until it answers.
    void start();
    void stop();
    /// Ends it with SIGKILL: as a crash, nothing is flushed or said to clients.
    void kill();
    void restart();

private:
    explicit RealServer(std::string url) : url_(std::move(url)) {}
    static std::unique_ptr<RealServer> make_shared(ServerKind kind);
    bool answers() const;

    ServerKind kind_ = ServerKind::mongodb;
    std::string url_;
    std::uint16_t port_ = 0;
    std::filesystem::path log_;
    std::optional<TemporaryFolder> folder_;
    std::optional<ChildProcess> process_;
};

/// A name that no other test uses: `prefix`, the process and a number. For databases and exchanges.
std::string unique_name(const std::string& prefix);

}  // namespace warren::testing

/// At the start of a test: skips it with the reason where `kind` is not to be had, or fails it where
/// WARREN_REQUIRE names it.
#define WARREN_REQUIRE_SERVER(kind)                                                \
    if (const auto why_missing = ::warren::testing::RealServer::missing(kind)) {   \
        if (::warren::testing::RealServer::required(kind)) FAIL() << *why_missing; \
        GTEST_SKIP() << *why_missing;                                              \
    }                                                                              \
    static_assert(true)
