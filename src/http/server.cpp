#include "http/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <condition_variable>
#include <map>
#include <unordered_set>

#include "base/log.hpp"
#include "http/connection.hpp"

namespace warren::http {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Shard::Executor>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kDrainGrace{1000};

}  // namespace

/// One shard and what it listens on.
struct ShardState {
    explicit ShardState(std::size_t index) : shard(index) {}
    std::unordered_set<HttpConnection*> connections;  // Before `shard`, whose end ends the connections.
    Shard shard;
    Acceptor acceptor{shard.executor()};
    std::function<void()> accept_again;
    Timer retry{[](void* self) { static_cast<ShardState*>(self)->accept_again(); }, this};
};

struct Server::Impl final : ConnectionHost {
    explicit Impl(ServerOptions o) : options_(std::move(o)) {}
    // Before the other members: what still waits on a shard tells of its end.
    ~Impl() { shards_.clear(); }

    const ServerOptions& options() const override { return options_; }
    const Route* find_route(std::string_view path) const override;
    bool draining() const override { return draining_; }
    void answered(unsigned status) override;
    void hand_over(std::size_t shard, HandOver what) override;
    std::unordered_set<HttpConnection*>& connections_of(std::size_t shard) override {
        return shards_[shard]->connections;
    }
    void connection_closed(const asio::ip::address& remote) override;
    void slow_consumer() override;

    void make_metrics();
    Result<void> listen(ShardState& state, asio::ip::tcp::endpoint endpoint, bool share);
    void accept(ShardState& state);
    void accepted(ShardState& state, Socket socket);
    bool admit(const asio::ip::address& remote);
    void begin_drain(std::chrono::milliseconds over);
    void settle(SteadyTime until);
    void stop();

    ServerOptions options_;
    std::vector<std::unique_ptr<ShardState>> shards_;
    std::map<std::string, Route, std::less<>> exact_;
    std::map<std::string, Route, std::less<>> prefixes_;
    std::vector<std::function<void(Shard&, std::chrono::milliseconds)>> closers_;
    std::uint16_t port_ = 0;
    std::atomic<bool> draining_{false};
    bool started_ = false, stopped_ = false;

    std::mutex mutex_;  ///< Of what follows; taken when a connection comes or goes.
    std::condition_variable none_left_;
    std::size_t open_ = 0;
    std::map<asio::ip::address, std::size_t> per_address_;

    prometheus::Gauge* open_gauge_ = nullptr;
    prometheus::Counter* slow_ = nullptr;
    prometheus::Counter* handed_over_ = nullptr;
    prometheus::Counter* refused_ = nullptr;
    std::array<prometheus::Counter*, 6> statuses_{};
};

const Route* Server::Impl::find_route(std::string_view path) const {
    if (const auto it = exact_.find(path); it != exact_.end()) return &it->second;
    const Route* best = nullptr;
    std::size_t longest = 0;
    for (const auto& [prefix, route] : prefixes_) {
        if (path.starts_with(prefix) && (!best || prefix.size() > longest)) {
            best = &route;
            longest = prefix.size();
        }
    }
    return best;
}

void Server::Impl::make_metrics() {
    if (!options_.metrics) return;
    auto& metrics = *options_.metrics;
    open_gauge_ = &metrics.gauge("warren_http_connections", "Open TCP connections, WebSockets included");
    metrics.gauge("warren_http_connections_max", "TCP connections that are let in at once")
        .Set(static_cast<double>(options_.limits.connections_max));
    slow_ = &metrics.counter("warren_websocket_slow_consumers_total",
                             "WebSockets closed because their queue was full");
    handed_over_ = &metrics.counter("warren_http_handed_over_total",
                                    "Connections handed over to the shard of their session");
    refused_ = &metrics.counter("warren_http_refused_total", "Connections over a limit");
    for (std::size_t i = 1; i < statuses_.size(); ++i) {
        statuses_[i] = &metrics.counter("warren_http_responses_total", "Responses by class of status",
                                        {{"status", std::to_string(i) + "xx"}});
    }
}

void Server::Impl::answered(unsigned status) {
    const auto i = status / 100;
    if (i < statuses_.size() && statuses_[i]) statuses_[i]->Increment();
}

void Server::Impl::slow_consumer() {
    if (slow_) slow_->Increment();
}

void Server::Impl::hand_over(std::size_t shard, HandOver what) {
    if (handed_over_) handed_over_->Increment();
    auto& state = *shards_[shard];
    auto adopt = [this, &state, what = std::move(what)]() mutable {
        boost::system::error_code ec;
        Socket socket(state.shard.executor());
        socket.assign(what.protocol, what.fd, ec);
        if (ec) {
            ::close(what.fd);
            connection_closed(what.remote);
            return;
        }
        auto connection =
            std::make_shared<HttpConnection>(*this, state.shard, std::move(socket), what.remote);
        connection->start(std::move(what));
    };
    state.shard.post(std::move(adopt));
}

bool Server::Impl::admit(const asio::ip::address& remote) {
    const std::lock_guard lock(mutex_);
    const auto& limits = options_.limits;
    if (open_ >= limits.connections_max) return false;
    if (limits.connections_per_address_max > 0) {
        auto& count = per_address_[remote];
        if (count >= limits.connections_per_address_max) return false;
        ++count;
    }
    ++open_;
    if (open_gauge_) open_gauge_->Set(static_cast<double>(open_));
    return true;
}

void Server::Impl::connection_closed(const asio::ip::address& remote) {
    const std::lock_guard lock(mutex_);
    --open_;
    if (open_gauge_) open_gauge_->Set(static_cast<double>(open_));
    if (const auto it = per_address_.find(remote); it != per_address_.end() && --it->second == 0) {
        per_address_.erase(it);
    }
    if (open_ == 0) none_left_.notify_all();
}

Result<void> Server::Impl::listen(ShardState& state, asio::ip::tcp::endpoint endpoint, bool share) {
    boost::system::error_code ec;
    auto& acceptor = state.acceptor;
    const auto failed = [&] {
        acceptor.close();
        return Error(Errc::unavailable, "Cannot listen on " + endpoint.address().to_string() + " port " +
                                            std::to_string(endpoint.port()) + ": " + ec.message());
    };
    acceptor.open(endpoint.protocol(), ec);
    if (ec) return failed();
    acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec && share) acceptor.set_option(ReusePort(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return failed();
    port_ = acceptor.local_endpoint().port();
    return {};
}

void Server::Impl::accept(ShardState& state) {
    state.acceptor.async_accept([this, &state](boost::system::error_code ec, Socket socket) {
        if (ec == asio::error::operation_aborted || !state.acceptor.is_open()) return;
        if (ec) {
            // Out of descriptors, most likely: what is open goes on, and a moment later there may be some.
            log::warn("accept_failed", {{"error", ec.message()}});
            state.shard.arm(state.retry, kAcceptPause);
            return;
        }
        accepted(state, std::move(socket));
        accept(state);
    });
}

void Server::Impl::accepted(ShardState& state, Socket socket) {
    boost::system::error_code ec;
    const auto remote = socket.remote_endpoint(ec).address();
    if (ec) return;
    if (!admit(remote)) {
        if (refused_) refused_->Increment();
        return;
    }
    socket.set_option(asio::ip::tcp::no_delay(true), ec);
    std::make_shared<HttpConnection>(*this, state.shard, std::move(socket), remote)->start();
}

void Server::Impl::begin_drain(std::chrono::milliseconds over) {
    draining_ = true;
    for (auto& each : shards_) {
        auto close = [this, &state = *each, over] {
            boost::system::error_code ignored;
            state.acceptor.close(ignored);
            for (auto& closer : closers_)
                closer(state.shard, over);
            for (auto* connection : state.connections)
                connection->close_if_idle();
        };
        each->shard.post(std::move(close));
    }
}

/// Waits until every shard has done what was posted to it so far, at the latest `until`.
void Server::Impl::settle(SteadyTime until) {
    struct Left {
        std::mutex mutex;
        std::condition_variable none;
        std::size_t count;
    };
    const auto left = std::make_shared<Left>();
    left->count = shards_.size();
    for (auto& state : shards_) {
        state->shard.post([left] {
            const std::lock_guard lock(left->mutex);
            if (--left->count == 0) left->none.notify_all();
        });
    }
    std::unique_lock lock(left->mutex);
    left->none.wait_until(lock, until, [&] { return left->count == 0; });
}

void Server::Impl::stop() {
    if (!started_ || std::exchange(stopped_, true)) return;
    for (auto& state : shards_)
        state->shard.stop();
}

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
    auto& o = impl_->options_;
    if (o.shards == 0) o.shards = std::max(1U, std::thread::hardware_concurrency());
    impl_->make_metrics();
    for (std::size_t i = 0; i < o.shards; ++i) {
        impl_->shards_.push_back(std::make_unique<ShardState>(i));
        auto* state = impl_->shards_.back().get();
        state->accept_again = [impl = impl_.get(), state] { impl->accept(*state); };
    }
}

Server::~Server() {
    stop();
}

void Server::route(std::string path, Route route) {
    impl_->exact_[std::move(path)] = std::move(route);
}

void Server::route_prefix(std::string prefix, Route route) {
    impl_->prefixes_[std::move(prefix)] = std::move(route);
}

void Server::on_drain(std::function<void(Shard&, std::chrono::milliseconds)> closer) {
    impl_->closers_.push_back(std::move(closer));
}

Result<void> Server::start() {
    auto& impl = *impl_;
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(impl.options_.address, ec);
    if (ec) return Error(Errc::unavailable, "Not an IP address to listen on: " + impl.options_.address);
    if (impl.options_.port != 0) {
        // With SO_REUSEPORT two servers of one user would share the port unnoticed; without it the second
        // is refused.
        auto& first = *impl.shards_.front();
        WARREN_TRY_VOID(impl.listen(first, {address, impl.options_.port}, false));
        first.acceptor.close();
    }
    impl.port_ = impl.options_.port;
    for (auto& state : impl.shards_)
        WARREN_TRY_VOID(impl.listen(*state, {address, impl.port_}, true));
    for (auto& state : impl.shards_) {
        impl.accept(*state);
        state->shard.start();
    }
    impl.started_ = true;
    return {};
}

std::uint16_t Server::port() const {
    return impl_->port_;
}
std::size_t Server::shard_count() const {
    return impl_->shards_.size();
}
Shard& Server::shard(std::size_t index) {
    return impl_->shards_[index]->shard;
}
const ServerOptions& Server::options() const {
    return impl_->options_;
}

void Server::drain(std::chrono::milliseconds over) {
    if (!impl_->started_ || impl_->stopped_) return;
    const auto until = std::chrono::steady_clock::now() + over + kDrainGrace;
    impl_->begin_drain(over);
    impl_->settle(until);
    std::unique_lock lock(impl_->mutex_);
    impl_->none_left_.wait_until(lock, until, [this] { return impl_->open_ == 0; });
}

void Server::stop() {
    if (!impl_->started_ || impl_->stopped_) return;
    if (!impl_->draining_) drain(std::chrono::milliseconds{0});
    // What a drain had not come to yet ends now; the shards run this last.
    impl_->begin_drain(std::chrono::milliseconds{0});
    impl_->settle(std::chrono::steady_clock::now() + kDrainGrace);
    impl_->stop();
}

}  // namespace warren::http
