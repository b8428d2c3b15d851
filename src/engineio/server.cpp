#include "engineio/server.hpp"

#include "engineio/session_impl.hpp"
#include "http/gzip.hpp"

namespace warren::engineio {
namespace {

using http::Method;
using http::Request;
using http::Response;

/// @see Engine.IO v4; the codes are those of the reference server.
enum class Refusal {
    unknown_transport,
    unknown_sid,
    bad_method,
    bad_request,
    forbidden,
    unsupported_version
};

Response refuse(Refusal refusal) {
    static constexpr std::string_view kMessages[] = {
        "Transport unknown", "Session ID unknown", "Bad handshake method",
        "Bad request",       "Forbidden",          "Unsupported protocol version"};
    const auto code = static_cast<std::size_t>(refusal);
    return Response::json(
        refusal == Refusal::forbidden ? 403 : 400,
        R"({"code":)" + std::to_string(code) + R"(,"message":")" + std::string(kMessages[code]) + R"("})");
}

Response busy() {
    return Response::json(503, R"({"message":"Try again later"})").header("Retry-After", "1");
}

}  // namespace

struct Server::Impl : Shared {
    Impl(http::Server& h, Options o, OnSession f) : http(h) {
        options = std::move(o);
        on_session = std::move(f);
    }

    void make_metrics(Metrics& metrics);
    std::size_t shard_of(const Request& request, std::size_t here) const;
    bool takes_new() const { return accepting && sessions < options.sessions_max; }
    std::optional<Response> check(const Request& request, bool upgrade,
                                  std::shared_ptr<SessionImpl>& session);
    http::UpgradeAnswer upgrade(Request& request);
    Response preflight(const Request& request) const;
    void add_cors(Response& response) const;
    Home& home(const Request& request) { return *homes[request.shard->index()]; }

    http::Server& http;
    std::vector<std::unique_ptr<Home>> homes;
    std::atomic<bool> accepting{true};
};

namespace {

using Impl = Server::Impl;

Task<Response> poll(std::shared_ptr<SessionImpl> session, Request request) {
    auto waiting = std::make_shared<Poll>();
    waiting->gzip = http::accepts_gzip(request);
    if (!session->begin_poll(waiting)) co_return refuse(Refusal::bad_request);
    if (session->is_waiting(waiting)) {
        request.exchange->when_gone([weak = std::weak_ptr(session), waiting] {
            if (const auto alive = weak.lock()) alive->poll_gone(waiting);
        });
    }
    session.reset();
    request = {};
    auto answering = waiting->answer.wait();
    co_return co_await std::move(answering);
}

Response post(SessionImpl& session, const Request& request) {
    if (request.header("content-type") == "application/octet-stream") {
        session.on_binary_post();
        return refuse(Refusal::bad_request);
    }
    if (!session.on_payload(request.body)) return refuse(Refusal::bad_request);
    // text/html keeps old browsers from offering a download; the reference server says so too.
    return Response(200, "text/html", "ok").header("Cache-Control", "no-store");
}

Task<Response> serve(Impl& impl, Request request) {
    std::shared_ptr<SessionImpl> session;
    if (auto refused = impl.check(request, false, session)) co_return std::move(*refused);
    const bool known = session != nullptr;
    if (known && request.method == Method::post) co_return post(*session, request);
    if (request.method != Method::get) co_return refuse(Refusal::bad_request);
    if (!known) {
        if (!impl.takes_new()) co_return busy();
        session = impl.home(request).open(request.remote, nullptr);
    }
    auto polling = poll(std::move(session), std::move(request));
    co_return co_await std::move(polling);
}

Task<Response> handle(std::shared_ptr<Impl> impl, Request request) {
    if (request.method == Method::options && !impl->options.cors_origin.empty()) {
        co_return impl->preflight(request);
    }
    auto serving = serve(*impl, std::move(request));
    auto response = co_await std::move(serving);
    impl->add_cors(response);
    co_return response;
}

}  // namespace

void Server::Impl::make_metrics(Metrics& m) {
    metrics = &m;
    open = &m.gauge("warren_engineio_sessions", "Open Engine.IO sessions", {{"path", options.path}});
    for (const auto* reason : {"transport close", "transport error", "ping timeout", "parse error",
                               "slow consumer", "forced close", "server shutting down"}) {
        closed[reason] = &m.counter("warren_engineio_sessions_closed_total", "Ended sessions by reason",
                                    {{"path", options.path}, {"reason", reason}});
    }
}

std::size_t Server::Impl::shard_of(const Request& request, std::size_t here) const {
    const auto text = request.query_value("sid");
    if (!text) return here;
    const auto sid = parse_sid(*text);
    return sid && sid->node == options.node && sid->shard < homes.size() ? sid->shard : here;
}

std::optional<Response> Server::Impl::check(const Request& request, bool upgrading,
                                            std::shared_ptr<SessionImpl>& session) {
    const auto transport = request.query_value("transport").value_or("");
    const auto sid = request.query_value("sid").value_or("");
    const bool v4 = request.query_value("EIO") == "4";
    if (transport != "polling" && transport != "websocket") return refuse(Refusal::unknown_transport);
    if (upgrading && transport != "websocket") return refuse(Refusal::bad_request);
    if (!sid.empty()) {
        session = home(request).find(sid);
        if (!session) return refuse(Refusal::unknown_sid);
        const bool matches = (session->transport() == Transport::websocket) == (transport == "websocket");
        if ((!upgrading && !matches) || !v4) return refuse(Refusal::bad_request);
        return std::nullopt;
    }
    if (request.method != Method::get) return refuse(Refusal::bad_method);
    if (transport == "websocket" && !upgrading) return refuse(Refusal::bad_request);
    if (!v4) return refuse(Refusal::unsupported_version);
    return std::nullopt;
}

http::UpgradeAnswer Server::Impl::upgrade(Request& request) {
    std::shared_ptr<SessionImpl> session;
    if (auto refused = check(request, true, session)) return std::move(*refused);
    auto& here = home(request);
    if (request.query_value("sid").value_or("").empty()) {
        if (!takes_new()) return busy();
        return std::make_shared<WebSocketTransport>(here, request.remote);
    }
    // One that may not upgrade is told so by a close, not by the handshake: clients expect that.
    if (!session->may_upgrade()) session = nullptr;
    return std::make_shared<WebSocketTransport>(here, std::move(session));
}

void Server::Impl::add_cors(Response& response) const {
    if (options.cors_origin.empty()) return;
    response.header("Access-Control-Allow-Origin", options.cors_origin);
    if (options.cors_origin != "*") response.header("Vary", "Origin");
    if (options.cors_credentials) response.header("Access-Control-Allow-Credentials", "true");
}

Response Server::Impl::preflight(const Request& request) const {
    Response response(204);
    add_cors(response);
    response.header("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
    const auto headers = request.header("access-control-request-headers");
    if (!headers.empty()) {
        response.header("Vary", "Access-Control-Request-Headers");
        response.header("Access-Control-Allow-Headers", headers);
    }
    return response;
}

Server::Server(http::Server& http, Options options, OnSession on_session)
    : impl_(std::make_shared<Impl>(http, std::move(options), std::move(on_session))) {
    for (std::size_t i = 0; i < http.shard_count(); ++i) {
        impl_->homes.push_back(std::make_unique<Home>(*impl_, http.shard(i)));
    }
    if (auto* metrics = http.options().metrics) impl_->make_metrics(*metrics);
    http::Route route;
    route.body_bytes_max = impl_->options.max_payload;
    route.handler = [impl = impl_](Request request) { return handle(impl, std::move(request)); };
    route.upgrade = [impl = impl_.get()](Request& request) { return impl->upgrade(request); };
    route.shard_of = [impl = impl_.get()](const Request& request, std::size_t here) {
        return impl->shard_of(request, here);
    };
    http.route_prefix(impl_->options.path, std::move(route));
    http.on_drain([impl = impl_](http::Shard& shard, std::chrono::milliseconds over) {
        impl->accepting = false;
        impl->homes[shard.index()]->close_all(over);
    });
}

Server::~Server() {
    impl_->http.stop();
}

void Server::accept_new(bool accept) {
    impl_->accepting = accept;
}
std::size_t Server::session_count() const {
    return impl_->sessions;
}
const Options& Server::options() const {
    return impl_->options;
}

}  // namespace warren::engineio
