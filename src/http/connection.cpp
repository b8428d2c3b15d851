// Longer than most files: reading and writing share the socket's state, and splitting them would only
// spread it.
#include "http/connection.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>
#include <exception>

#include "base/log.hpp"
#include "http/handshake.hpp"
#include "http/socket_io.hpp"

namespace warren::http {
namespace {

namespace beast_http = boost::beast::http;
using RequestParser = beast_http::request_parser<beast_http::string_body>;
constexpr unsigned kClosed = 1;  ///< No status, but the end of the connection.

Method method_of(beast_http::verb verb) {
    switch (verb) {
        case beast_http::verb::get:
            return Method::get;
        case beast_http::verb::head:
            return Method::head;
        case beast_http::verb::post:
            return Method::post;
        case beast_http::verb::put:
            return Method::put;
        case beast_http::verb::patch:
            return Method::patch;
        case beast_http::verb::delete_:
            return Method::delete_;
        case beast_http::verb::options:
            return Method::options;
        default:
            return Method::other;
    }
}

unsigned status_of(boost::system::error_code ec) {
    if (ec == beast_http::error::header_limit || ec == beast_http::error::buffer_overflow) return 431;
    if (ec == beast_http::error::body_limit) return 413;
    if (ec == beast_http::error::bad_version) return 505;
    return 400;
}

/// Fills path and query from the target; false when it is none.
bool split_target(Request& request) {
    std::string_view target = request.target;
    if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
        target.remove_prefix(std::min(target.find('/', scheme + 3), target.size()));
        if (target.empty()) target = "/";
    }
    if (!target.starts_with('/') && target != "*") return false;
    const auto question = std::min(target.find('?'), target.size());
    request.query = target.substr(std::min(question + 1, target.size()));
    auto path = percent_decode(target.substr(0, question), false);
    if (!path || path->find('\0') != std::string::npos) return false;
    request.path = std::move(*path);
    return true;
}

asio::ip::address client_of(const Request& request, const asio::ip::address& peer, bool trust_forwarded_for) {
    if (!trust_forwarded_for) return peer;
    auto list = request.header("x-forwarded-for");
    if (const auto comma = list.rfind(','); comma != list.npos) list.remove_prefix(comma + 1);
    while (list.starts_with(' '))
        list.remove_prefix(1);
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(std::string(list), ec);
    return ec ? peer : address;
}

std::string http_date() {
    thread_local std::time_t at = 0;
    thread_local std::string text;
    const auto now = std::time(nullptr);
    if (now != at) {
        at = now;
        std::tm utc{};
        ::gmtime_r(&now, &utc);
        char buffer[40];
        text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &utc));
    }
    return text;
}

std::string head_of(const Response& response, std::uint64_t length, bool keep_alive) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    head.append(reason_of(response.status)).append("\r\nDate: ").append(http_date()).append("\r\n");
    for (const auto& [name, value] : response.headers) {
        head.append(name).append(": ").append(value).append("\r\n");
    }
    const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
    if (!bodiless) head.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
    head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    return head;
}

}  // namespace

HttpConnection::HttpConnection(ConnectionHost& host, Shard& shard, Socket socket, asio::ip::address remote)
    : host_(host),
      listed_(host.connections_of(shard.index())),
      shard_(shard),
      socket_(std::move(socket)),
      remote_(remote),
      timer_([](void* self) { static_cast<HttpConnection*>(self)->on_timeout(); }, this) {
    listed_.insert(this);
}

HttpConnection::~HttpConnection() {
    listed_.erase(this);
    if (counted_) host_.connection_closed(remote_);
}

void HttpConnection::start() {
    spawn(shard_.executor(), "http_connection", run(shared_from_this(), std::nullopt));
}

void HttpConnection::start(ConnectionHost::HandOver from) {
    in_ = std::move(from.leftover);
    Incoming first{std::move(from.request), from.keep_alive};
    spawn(shard_.executor(), "http_connection", run(shared_from_this(), std::move(first)));
}

void HttpConnection::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void HttpConnection::close_if_idle() {
    if (idle_) close();
}

void HttpConnection::on_timeout() {
    timed_out_ = true;
    // Mid-request the coroutine wakes up and answers 408; anything else is just closed.
    boost::system::error_code ignored;
    if (idle_) {
        socket_.close(ignored);
    } else {
        socket_.cancel(ignored);
    }
}

Task<void> HttpConnection::run(std::shared_ptr<HttpConnection> self, std::optional<Incoming> first) {
    auto next = Next::keep;
    while (next == Next::keep) {
        Read incoming = std::move(first);
        first.reset();
        if (!incoming) incoming = co_await self->read_request();
        if (!incoming) co_return;
        self->idle_ = false;
        next = co_await self->answer(std::move(*incoming));
        self->idle_ = true;
    }
    if (next == Next::close) co_await self->linger();
}

Task<HttpConnection::Read> HttpConnection::read_request() {
    RequestParser parser;
    parser.eager(false);
    parser.header_limit(static_cast<std::uint32_t>(host_.options().limits.header_bytes_max));
    parser.body_limit(boost::none);  // Checked per route, once the path is known.
    auto status = co_await read_header(parser);
    Incoming incoming;
    if (status == 0) {
        auto& request = incoming.request;
        const auto& message = parser.get();
        incoming.keep_alive = parser.keep_alive();
        request.method = method_of(message.method());
        request.target = message.target();
        for (const auto& field : message)
            request.headers.add(field.name_string(), field.value());
        request.remote = client_of(request, remote_, host_.options().trust_forwarded_for);
        if (!split_target(request) || (message.version() == 11 && !request.headers.has("host"))) {
            status = 400;
        } else {
            status = co_await read_body(parser, host_.find_route(request.path));
        }
        request.body = std::move(parser.get().body());
    }
    timer_.cancel();
    if (status == 0) co_return Read(std::move(incoming));
    if (status != kClosed) co_await refuse(status);
    co_return Read();
}

template <class Parser>
unsigned HttpConnection::feed(Parser& parser, bool& more) {
    boost::system::error_code ec;
    const auto taken = parser.put(asio::buffer(in_), ec);
    in_.erase(0, taken);
    more = ec == beast_http::error::need_more;
    return ec && !more ? status_of(ec) : 0;
}

template <class Parser>
Task<unsigned> HttpConnection::read_header(Parser& parser) {
    const auto& limits = host_.options().limits;
    bool begun = !in_.empty();
    idle_ = !begun;
    // Whoever connects has something to say; waiting is for later requests.
    begun = begun || std::exchange(fresh_, false);
    shard_.arm(timer_, begun ? limits.header_timeout : limits.keep_alive_timeout);
    while (!parser.is_header_done()) {
        bool more = true;
        if (!in_.empty()) {
            const auto status = feed(parser, more);
            if (status != 0) co_return status;
            if (parser.is_header_done()) break;
            if (in_.size() > limits.header_bytes_max) co_return 431;
        }
        if (!more && !in_.empty()) continue;
        if (!co_await read_more()) co_return timed_out_&& begun ? 408 : kClosed;
        if (!begun) shard_.arm(timer_, limits.header_timeout);
        begun = true;
        idle_ = false;
    }
    co_return 0;
}

template <class Parser>
Task<unsigned> HttpConnection::read_body(Parser& parser, const Route* route) {
    const auto& limits = host_.options().limits;
    const auto bytes_max = route && route->body_bytes_max > 0 ? route->body_bytes_max : limits.body_bytes_max;
    if (parser.content_length() && *parser.content_length() > bytes_max) co_return 413;
    if (parser.is_done()) co_return 0;
    parser.body_limit(bytes_max);
    parser.eager(true);
    shard_.arm(timer_, limits.body_timeout);
    if (parser.get()[beast_http::field::expect] == "100-continue" && in_.empty()) {
        if (!co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return kClosed;
        shard_.arm(timer_, limits.body_timeout);
    }
    while (!parser.is_done()) {
        bool more = true;
        if (!in_.empty()) {
            const auto status = feed(parser, more);
            if (status != 0) co_return status;
            if (parser.is_done()) break;
        }
        // A chunk's header may be incomplete; nothing else stays in `in_` for long.
        if (in_.size() > limits.header_bytes_max + bytes_max) co_return 413;
        if (!more && !in_.empty()) continue;
        if (!co_await read_more()) co_return timed_out_ ? 408 : kClosed;
    }
    co_return 0;
}

Task<bool> HttpConnection::read_more() {
    for (;;) {
        if (timed_out_ || !socket_.is_open()) co_return false;
        const auto buffer = shard_.read_buffer();
        const auto result = read_now(socket_.native_handle(), buffer.data(), buffer.size());
        if (result.state == IoResult::State::done) {
            in_.append(buffer.data(), result.bytes);
            co_return true;
        }
        if (result.state != IoResult::State::would_block) co_return false;
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await socket_.async_wait(Socket::wait_read, token);
        if (ec) co_return false;
    }
}

Task<HttpConnection::Next> HttpConnection::answer(Incoming incoming) {
    const auto* route = host_.find_route(incoming.request.path);
    if (route && route->shard_of) {
        const auto target = route->shard_of(incoming.request, shard_.index());
        if (target != shard_.index()) {
            boost::system::error_code ec;
            const auto protocol = socket_.local_endpoint(ec).protocol();
            ConnectionHost::HandOver over{
                -1, protocol, remote_, std::move(incoming.request), incoming.keep_alive, std::move(in_)};
            over.fd = socket_.release(ec);
            if (ec) co_return Next::close;
            counted_ = false;
            host_.hand_over(target, std::move(over));
            co_return Next::taken;
        }
    }
    incoming.request.shard = &shard_;
    const bool head_only = incoming.request.method == Method::head;
    bool keep_alive = incoming.keep_alive && !host_.draining();
    Response response;
    if (route && route->upgrade && is_upgrade(incoming.request)) {
        keep_alive = false;
        if (upgrade(*route, incoming, response) == Next::taken) co_return Next::taken;
    } else {
        incoming.request.exchange = shared_from_this();
        response = co_await handle(route, std::move(incoming.request));
        end_watch();
        if (peer_gone_) co_return Next::close;
        keep_alive = keep_alive && !host_.draining();
    }
    keep_alive = keep_alive && !response.close;
    const bool written = co_await write_response(std::move(response), head_only, keep_alive);
    co_return written&& keep_alive ? Next::keep : Next::close;
}

HttpConnection::Next HttpConnection::upgrade(const Route& route, Incoming& incoming, Response& refusal) {
    auto& request = incoming.request;
    if (auto bad = check_upgrade(request)) {
        refusal = std::move(*bad);
        return Next::close;
    }
    auto answer = route.upgrade(request);
    if (auto* response = std::get_if<Response>(&answer)) {
        refusal = std::move(*response);
        return Next::close;
    }
    const auto& options = host_.options().limits;
    const WebSocketLimits limits{
        route.body_bytes_max > 0 ? route.body_bytes_max : options.websocket_message_bytes_max,
        options.websocket_queue_bytes_max};
    host_.answered(101);
    counted_ = false;
    auto socket = std::make_shared<WebSocketImpl>(shard_, std::move(socket_), remote_, limits, host_);
    socket->start(accept_upgrade(request), std::move(std::get<1>(answer)), std::move(in_));
    return Next::taken;
}

Task<Response> HttpConnection::handle(const Route* route, Request request) {
    if (!route || !route->handler) co_return Response::text(404, "Not found\n");
    try {
        auto answering = route->handler(std::move(request));
        co_return co_await std::move(answering);
    } catch (const std::exception& e) {
        log::error("http_handler_failed", {{"error", e.what()}});
    }
    co_return Response::text(500, "Internal server error\n");
}

Task<void> HttpConnection::refuse(unsigned status) {
    timed_out_ = false;
    auto response = Response::text(status, std::string(reason_of(status)) + "\n");
    if (co_await write_response(std::move(response), false, false)) co_await linger();
}

Task<bool> HttpConnection::write_response(Response response, bool head_only, bool keep_alive) {
    host_.answered(response.status);
    const std::string_view body = response.shared_body ? *response.shared_body : response.body;
    const auto length = response.file ? response.file->length : body.size();
    const auto head = head_of(response, length, keep_alive);
    const bool bodiless = head_only || response.status == 204 || response.status == 304;
    const bool inline_body = !bodiless && !response.file;
    bool written = co_await write_all(head, inline_body ? body : std::string_view());
    if (written && response.file && !bodiless) written = co_await write_file(*response.file);
    timer_.cancel();
    co_return written;
}

Task<bool> HttpConnection::write_file(FileBody file) {
    std::string chunk;
    while (file.length > 0) {
        chunk.resize(std::min<std::uint64_t>(file.length, 64 * 1024));
        const auto n = ::pread(*file.fd, chunk.data(), chunk.size(), static_cast<off_t>(file.offset));
        if (n <= 0) co_return false;  // Shorter than announced: only closing tells the client.
        chunk.resize(static_cast<std::size_t>(n));
        if (!co_await write_all(chunk, {})) co_return false;
        file.offset += chunk.size();
        file.length -= chunk.size();
    }
    co_return true;
}

Task<bool> HttpConnection::write_all(std::string_view head, std::string_view body) {
    while (!head.empty() || !body.empty()) {
        iovec parts[2] = {{const_cast<char*>(head.data()), head.size()},
                          {const_cast<char*>(body.data()), body.size()}};
        if (!socket_.is_open() || timed_out_) co_return false;
        const auto result = write_now(socket_.native_handle(), parts, 2);
        if (result.state == IoResult::State::would_block) {
            shard_.arm(timer_, host_.options().limits.write_timeout);
            boost::system::error_code ec;
            auto token = asio::redirect_error(asio::use_awaitable, ec);
            co_await socket_.async_wait(Socket::wait_write, token);
            if (ec) co_return false;
            continue;
        }
        if (result.state != IoResult::State::done) co_return false;
        const auto of_head = std::min(result.bytes, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(result.bytes - of_head);
    }
    co_return true;
}

Task<void> HttpConnection::linger() {
    // Closing with unread input would reset the connection, and the client might never see our answer.
    if (peer_gone_ || timed_out_ || !socket_.is_open()) co_return;
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    idle_ = true;
    shard_.arm(timer_, std::chrono::milliseconds{1000});
    std::size_t discarded = 0;
    while (discarded < 1024 * 1024) {
        in_.clear();
        if (!co_await read_more()) break;
        discarded += in_.size();
    }
    timer_.cancel();
}

void HttpConnection::when_gone(std::function<void()> gone) {
    gone_ = std::move(gone);
    if (!watching_) watch();
}

void HttpConnection::watch() {
    watching_ = true;
    const auto done = [self = shared_from_this(), id = ++watch_](boost::system::error_code ec) {
        if (id != self->watch_ || !self->watching_) return;
        self->watching_ = false;
        const auto buffer = self->shard_.read_buffer();
        const auto room = self->host_.options().limits.header_bytes_max;
        auto state = IoResult::State::failed;
        if (!ec) {
            const auto result =
                read_now(self->socket_.native_handle(), buffer.data(), std::min(buffer.size(), room));
            state = result.state;
            if (state == IoResult::State::done) self->in_.append(buffer.data(), result.bytes);
        }
        if (state == IoResult::State::ended || state == IoResult::State::failed) {
            self->peer_gone_ = true;
            if (const auto tell = std::exchange(self->gone_, nullptr)) tell();
        } else if (self->in_.size() < room) {
            self->watch();  // A pipelined request; its end is still of interest.
        }
    };
    socket_.async_wait(Socket::wait_read, done);
}

void HttpConnection::end_watch() {
    gone_ = nullptr;
    if (!std::exchange(watching_, false)) return;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

}  // namespace warren::http
