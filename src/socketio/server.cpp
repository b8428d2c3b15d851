#include "socketio/server.hpp"

#include <fstream>
#include <iterator>

#include "base/log.hpp"
#include "http/files.hpp"
#include "socketio/client.hpp"

namespace warren::socketio {
namespace {

constexpr std::string_view kBundles[] = {"socket.io.js",
                                         "socket.io.js.map",
                                         "socket.io.min.js",
                                         "socket.io.min.js.map",
                                         "socket.io.esm.min.js",
                                         "socket.io.esm.min.js.map",
                                         "socket.io.msgpack.min.js",
                                         "socket.io.msgpack.min.js.map"};

Task<http::Response> with_origin(http::Handler file, std::string origin, http::Request request) {
    auto serving = file(std::move(request));
    auto response = co_await std::move(serving);
    if (!origin.empty()) response.header("Access-Control-Allow-Origin", origin);
    co_return response;
}

void serve_bundles(http::Server& http, const Options& options) {
    if (options.client_bundles.empty()) return;
    for (const auto name : kBundles) {
        std::ifstream in(options.client_bundles / name, std::ios::binary);
        if (!in) {
            log::warn("client_bundle_missing", {{"file", name}});
            continue;
        }
        std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        auto file = http::memory_file(std::move(content), http::media_type(name), "public, max-age=0");
        auto handler = [file = std::move(file), origin = options.engine.cors_origin](http::Request request) {
            return with_origin(file, origin, std::move(request));
        };
        http.route(options.engine.path + std::string(name), std::move(handler));
    }
}

}  // namespace

std::filesystem::path find_client_bundles() {
    std::error_code ec;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", ec);
    const auto installed = self.parent_path().parent_path() / "share/warren/socket.io-client";
    for (const auto& folder : {installed, std::filesystem::path(WARREN_CLIENT_BUNDLES)}) {
        if (std::filesystem::exists(folder / "socket.io.js", ec)) return folder;
    }
    return {};
}

Server::Server(http::Server& http, Options options) : impl_(std::make_shared<Impl>()) {
    impl_->options = std::move(options);
    serve_bundles(http, impl_->options);
    auto on_session = [impl = impl_.get()](std::shared_ptr<engineio::Session> session) {
        auto client = std::make_shared<Client>(*impl, std::move(session));
        client->start();
        return client;
    };
    impl_->engine = std::make_unique<engineio::Server>(http, impl_->options.engine, std::move(on_session));
}

// The engine stops the HTTP server first, so that nothing refers to the namespaces any more.
Server::~Server() {
    impl_->engine.reset();
}

void Server::serve(std::string nsp, std::shared_ptr<Application> application) {
    const auto name = nsp;
    impl_->namespaces[name] = Namespace{std::move(nsp), std::move(application)};
}

void Server::accept_new(bool accept) {
    impl_->engine->accept_new(accept);
}
std::size_t Server::session_count() const {
    return impl_->engine->session_count();
}

}  // namespace warren::socketio
