#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "app/health.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "http/server.hpp"

namespace warren::app {

/// What operators and their tools ask over HTTP, on an address of its own, with one thread: `/healthz` (is
/// the process well; else restart it), `/readyz` (may clients be sent here, with reasons) and `/metrics`. Up
/// from the first moment, so that a start that waits for something can be told from one that hangs.
class AdminHttp {
public:
    AdminHttp(const std::string& listen, Health& health, Metrics& metrics);

    /// @errors unavailable (the address cannot be listened on)
    Result<void> start() { return server_.start(); }
    std::uint16_t port() const { return server_.port(); }
    /// From now on `/healthz` fails if `beat` was not called for 15 s. Thread-safe.
    void beat();

private:
    Task<http::Response> healthz(http::Request request);
    Task<http::Response> readyz(http::Request request);
    Task<http::Response> metrics_page(http::Request request);

    Health& health_;
    Metrics& metrics_;
    std::atomic<SteadyTime::rep> last_beat_{0};  ///< 0: none yet.
    http::Server server_;
};

}  // namespace warren::app
