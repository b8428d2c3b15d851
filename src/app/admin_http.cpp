#include "app/admin_http.hpp"

#include "app/config.hpp"

namespace warren::app {
namespace {

constexpr std::chrono::seconds kBeatMissing{15};

http::ServerOptions server_options(const std::string& listen) {
    auto [host, port] = split_listen(listen);
    http::ServerOptions options;
    options.address = std::move(host);
    options.port = port;
    options.shards = 1;
    options.limits.body_bytes_max = 1024;
    options.limits.connections_max = 256;
    return options;
}

}  // namespace

AdminHttp::AdminHttp(const std::string& listen, Health& health, Metrics& metrics)
    : health_(health), metrics_(metrics), server_(server_options(listen)) {
    server_.route("/healthz", [this](http::Request request) { return healthz(std::move(request)); });
    server_.route("/readyz", [this](http::Request request) { return readyz(std::move(request)); });
    server_.route("/metrics", [this](http::Request request) { return metrics_page(std::move(request)); });
}

void AdminHttp::beat() {
    last_beat_ = std::chrono::steady_clock::now().time_since_epoch().count();
}

Task<http::Response> AdminHttp::healthz(http::Request) {
    const auto last = last_beat_.load();
    const auto silence = std::chrono::steady_clock::now().time_since_epoch() - SteadyTime::duration(last);
    if (last != 0 && silence > kBeatMissing) {
        co_return http::Response::text(503, "the chat thread has stood still for more than 15 s\n");
    }
    co_return http::Response::text(200, "ok\n");
}

Task<http::Response> AdminHttp::readyz(http::Request) {
    const bool ready = health_.is_ready();
    co_return http::Response::json(ready ? 200 : 503, health_.as_json());
}

Task<http::Response> AdminHttp::metrics_page(http::Request) {
    co_return http::Response(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.expose());
}

}  // namespace warren::app
