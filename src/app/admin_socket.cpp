#include "app/admin_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "base/log.hpp"

namespace warren::app {
namespace {

using Local = asio::local::stream_protocol;
constexpr std::size_t kLineBytesMax = 1'000'000;
constexpr std::size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kCallSeconds = 60;

json::object answer_of(const Result<json::value>& result) {
    if (result) return {{"success", true}, {"data", *result}};
    return {{"success", false},
            {"errors", json::array{json::string(result.error().message)}},
            {"code", info(result.error().code).wire_name}};
}

Result<json::value> result_of(const std::string& line) {
    boost::system::error_code failure;
    auto value = json::parse(line, failure);
    const auto* answer = failure ? nullptr : value.if_object();
    const auto* success = answer ? answer->if_contains("success") : nullptr;
    if (!success || !success->is_bool()) return Error(Errc::unavailable, "The node gave no answer.");
    if (success->get_bool()) return answer->at("data");
    for (const auto& row : all_errcs()) {
        if (row.wire_name == answer->at("code").as_string()) {
            return Error(row.code, std::string(answer->at("errors").as_array().at(0).as_string()));
        }
    }
    return Error(Errc::internal);
}

Task<void> serve_client(Local::socket socket, AdminHandler handler) {
    std::string buffer;
    for (;;) {
        auto into = asio::dynamic_buffer(buffer, kLineBytesMax);
        auto reading = asio::async_read_until(socket, into, '\n', asio::as_tuple(asio::use_awaitable));
        const auto [read_failure, bytes] = co_await std::move(reading);
        if (read_failure) co_return;
        boost::system::error_code failure;
        auto value = json::parse(buffer.substr(0, bytes), failure);
        buffer.erase(0, bytes);
        Result<json::value> result = Error(Errc::invalid, "Send one JSON object a line.");
        if (!failure && value.is_object()) {
            auto handling = handler(std::move(value.get_object()));
            result = co_await std::move(handling);
        }
        const auto line = json::serialize(answer_of(result)) + "\n";
        const auto out = asio::buffer(line);
        auto writing = asio::async_write(socket, out, asio::as_tuple(asio::use_awaitable));
        const auto [write_failure, written] = co_await std::move(writing);
        if (write_failure) co_return;
    }
}

}  // namespace

struct AdminSocket::State {
    State(asio::any_io_executor executor, AdminHandler h)
        : acceptor(std::move(executor)), handler(std::move(h)) {}
    Local::acceptor acceptor;
    AdminHandler handler;
    std::string path;

    static Task<void> accept(std::shared_ptr<State> self) {
        while (self->acceptor.is_open()) {
            auto accepting = self->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
            auto [failure, socket] = co_await std::move(accepting);
            if (failure == asio::error::operation_aborted) co_return;
            if (failure) {
                // Out of descriptors, most likely: a moment later there may be some.
                asio::steady_timer pause(self->acceptor.get_executor(), std::chrono::milliseconds{100});
                auto waiting = pause.async_wait(asio::as_tuple(asio::use_awaitable));
                co_await std::move(waiting);
                continue;
            }
            auto executor = socket.get_executor();
            spawn(executor, "admin_client", serve_client(std::move(socket), self->handler));
        }
    }
};

AdminSocket::AdminSocket(asio::any_io_executor executor, AdminHandler handler)
    : state_(std::make_shared<State>(std::move(executor), std::move(handler))) {}

AdminSocket::~AdminSocket() {
    stop();
}

Result<void> AdminSocket::start(const std::string& path) {
    if (path.size() > kPathBytesMax) {
        return Error(Errc::unavailable, "The admin socket's path is longer than the system's limit of " +
                                            std::to_string(kPathBytesMax) + " bytes: " + path +
                                            "; set admin.socket to a shorter one");
    }
    ::unlink(path.c_str());
    boost::system::error_code failure;
    auto& acceptor = state_->acceptor;
    acceptor.open(Local(), failure);
    // The mode must be right from the first moment on, not after a chmod.
    const auto mask = ::umask(0177);
    if (!failure) acceptor.bind(Local::endpoint(path), failure);
    ::umask(mask);
    if (!failure) acceptor.listen(16, failure);
    if (failure) {
        acceptor.close();
        return Error(Errc::unavailable, "Cannot make the admin socket " + path + ": " + failure.message() +
                                            "; check the folder, or set admin.socket");
    }
    state_->path = path;
    spawn(acceptor.get_executor(), "admin_socket", State::accept(state_));
    return {};
}

void AdminSocket::stop() {
    if (!state_->acceptor.is_open()) return;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    ::unlink(state_->path.c_str());
}

std::optional<Result<json::value>> call_admin(const std::string& path, const json::object& call) {
    const auto failed = [&](const std::string& why) -> Result<json::value> {
        return Error(Errc::unavailable, "The node at " + path + " does not answer: " + why);
    };
    if (path.size() > kPathBytesMax) return std::nullopt;
    asio::io_context io;
    Local::socket socket(io);
    boost::system::error_code failure;
    socket.connect(Local::endpoint(path), failure);
    if (failure == asio::error::connection_refused || failure.value() == ENOENT ||
        failure.value() == ENOTDIR) {
        return std::nullopt;
    }
    if (failure) return failed(failure.message());
    const timeval limit{kCallSeconds, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    asio::write(socket, asio::buffer(json::serialize(call) + "\n"), failure);
    if (failure) return failed(failure.message());
    // Asio's own blocking read would wait for ever where the time limit ends a read.
    std::string line;
    while (line.empty() || line.back() != '\n') {
        char chunk[4096];
        const auto n = ::recv(socket.native_handle(), chunk, sizeof chunk, 0);
        if (n <= 0) return failed(n == 0 ? "it closed the connection" : std::strerror(errno));
        line.append(chunk, static_cast<std::size_t>(n));
    }
    return result_of(line);
}

}  // namespace warren::app
