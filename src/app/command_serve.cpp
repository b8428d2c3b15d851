#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <iostream>

#include "app/admin_commands.hpp"
#include "app/command_line.hpp"
#include "app/demo.hpp"
#include "app/node.hpp"
#include "app/paths.hpp"
#include "app/secrets.hpp"
#include "app/stop_signal.hpp"
#include "base/log.hpp"

namespace warren::app {
namespace {

constexpr std::chrono::milliseconds kBackoffMin{250}, kBackoffMax{5'000}, kCheckTimeout{10'000};
constexpr std::chrono::seconds kDemoTimeout{60};
constexpr std::chrono::seconds kGiveBackEvery{10};
constexpr std::uint64_t kOwnDescriptors = 256;

log::Level level_of(const std::string& name) {
    if (name == "debug") return log::Level::debug;
    if (name == "warn") return log::Level::warn;
    if (name == "error") return log::Level::error;
    if (name == "off") return log::Level::off;
    return log::Level::info;
}

/// Takes as many descriptors as the process may have, and keeps some of them from clients: who is in is
/// served on, with files of the store and connections to servers, when nobody more can come in.
void bound_by_descriptors(Config& config) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) return;
    const std::uint64_t room = limit.rlim_cur - std::min<std::uint64_t>(kOwnDescriptors, limit.rlim_cur / 2);
    if (config.limits_connections <= room) return;
    log::info("connections_bounded", {{"connections", room}, {"by", "the limit of open files (ulimit -n)"}});
    config.limits_connections = room;
}

/// What a start that failed means to a script.
Exit start_exit(Errc code) {
    const bool refused = code == Errc::invalid || code == Errc::unauthenticated || code == Errc::forbidden;
    return refused ? Exit::configuration : Exit::unavailable;
}

/// The life of `warren serve`, on the main thread.
class Serving {
public:
    Serving(asio::any_io_executor executor, const LoadedConfig& loaded, bool demo)
        : executor_(executor), config_(loaded.config), demo_(demo), stop_(executor) {
        bound_by_descriptors(config_);
    }

    Task<Exit> run() {
        health_.set("start", {Condition::State::down, "The node is starting."});
        if (auto started = admin_.start(); !started) co_return fail(started.error(), "--admin-listen");
        Node::Parts parts;
        parts.secrets = make_secrets(config_);
        if (config_.node_name.empty())
            config_.node_name = "node-" + parts.secrets->random_token().substr(0, 8);
        auto opened = open_stores(config_, metrics_);
        if (!opened) co_return fail(opened.error());
        parts.stores = std::move(*opened);
        auto bus = make_bus(config_, metrics_);
        if (!bus) co_return fail(bus.error());
        parts.bus = std::move(*bus);
        auto preparing = wait_for("store", *parts.stores);
        auto code = co_await std::move(preparing);
        if (!code && !stop_.is_set()) {
            auto checking = wait_for("bus", *parts.bus);
            code = co_await std::move(checking);
        }
        if (code || stop_.is_set()) co_return code.value_or(Exit::ok);
        auto serving = serve(std::move(parts));
        co_return co_await std::move(serving);
    }

private:
    Exit fail(const Error& error, std::string_view flag = {}) {
        const auto mend = flag.empty()
                              ? std::string{}
                              : "; stop what uses it, or give another address with " + std::string(flag);
        complain(error.message + mend);
        return start_exit(error.code);
    }

    static Task<Result<void>> look(Stores& stores, Deadline deadline) { return stores.prepare(deadline); }
    static Task<Result<void>> look(Bus& bus, Deadline deadline) { return bus.check(deadline); }

    /// Tries until `what` is there, somebody must mend something (the exit code), or the stop signal came.
    template <class What>
    Task<std::optional<Exit>> wait_for(std::string part, What& what) {
        for (auto pause = kBackoffMin;; pause = std::min(pause * 2, kBackoffMax)) {
            auto looking = look(what, Deadline{std::chrono::steady_clock::now() + kCheckTimeout});
            auto found = co_await std::move(looking);
            if (found) {
                health_.set(part, {});
                co_return std::nullopt;
            }
            const auto& error = found.error();
            if (error != Errc::unavailable && error != Errc::timed_out && error != Errc::overloaded) {
                fail(error);
                co_return Exit::configuration;
            }
            health_.set(part, {Condition::State::down, error.message});
            log::warn("waiting", {{"for", part}, {"because", error.message}});
            auto sleeping = stop_.sleep(pause);
            if (co_await std::move(sleeping)) co_return std::nullopt;
        }
    }

    Task<Exit> serve(Node::Parts parts) {
        const auto store = parts.stores->description(), bus = parts.bus->description();
        Node node(config_, std::move(parts), health_, admin_, metrics_);
        auto handler = [&node](json::object call) {
            const auto& environment = node.chat().environment();
            AdminPowers powers{node.accounts(), environment.channels, environment.limits.retention,
                               node.clock(), [&node](UserId user) { node.sign_out(user); }};
            return run_admin_call(std::move(powers), std::move(call));
        };
        AdminSocket socket(executor_, handler);
        if (auto started = socket.start(admin_socket_path(config_)); !started)
            co_return fail(started.error());
        if (auto started = node.start(); !started) co_return fail(started.error(), "--listen");
        auto beginning = begin(node);
        if (const auto code = co_await std::move(beginning)) co_return *code;
        log::info("serving", {{"node", node.name()}, {"port", node.port()}, {"store", store}, {"bus", bus}});
        health_.set("start", {});
        auto waiting = give_memory_back_until_stopped(node);
        co_await std::move(waiting);
        log::info("draining", {{"node", node.name()}});
        health_.set("start", {Condition::State::down, "The node is stopping."});
        socket.stop();
        auto draining = node.drain(config_.admin_drain);
        co_await std::move(draining);
        log::info("stopped", {{"node", node.name()}});
        co_return Exit::ok;
    }

    Task<void> give_memory_back_until_stopped(Node& node) {
        for (;;) {
            auto sleeping = stop_.sleep(kGiveBackEvery);
            if (co_await std::move(sleeping)) co_return;
            node.give_memory_back();
        }
    }

    /// What comes between listening and being ready.
    Task<std::optional<Exit>> begin(Node& node) {
        auto waiting = node.wait_for_bus(kCheckTimeout);
        co_await std::move(waiting);
        if (demo_) {
            Result<void> made;
            auto making = node.on_chat(seed(node, made));
            co_await std::move(making);
            if (!made) co_return fail(made.error());
        }
        greet(node);
        co_return std::nullopt;
    }
    static Task<void> seed(Node& node, Result<void>& made) {
        auto making = make_demo(node.chat(), node.accounts(), node.clock().in(kDemoTimeout));
        made = co_await std::move(making);
    }

    void greet(const Node& node) const {
        auto [host, port] = split_listen(config_.http_listen);
        const bool loopback = asio::ip::make_address(host).is_loopback();
        if (host == "0.0.0.0" || host == "::") host = "127.0.0.1";
        if (host.find(':') != host.npos) host = "[" + host + "]";
        std::cout << "Warren " << version() << " is at http://" << host << ":" << node.port() << "\n";
        if (demo_) {
            std::cout << "Demo people (sign in on the page, in two tabs; never on a public address):\n";
            for (const auto& [email, name, password] : demo_people())
                std::cout << "  " << email << "  password " << password << "\n";
        }
        std::cout << std::flush;
        if (demo_ && !loopback) {
            log::warn("demo_is_public",
                      {{"listen", config_.http_listen}, {"passwords", "known to everybody"}});
        }
    }

    asio::any_io_executor executor_;
    Config config_;
    bool demo_;
    StopSignal stop_;
    Metrics metrics_;
    Health health_;
    AdminHttp admin_{config_.admin_listen, health_, metrics_};
};

}  // namespace

Exit serve(const LoadedConfig& loaded, bool demo) {
    log::configure(level_of(loaded.config.log_level),
                   loaded.config.log_format == "json" ? log::Format::json : log::Format::text);
    asio::io_context io(1);
    Serving serving(io.get_executor(), loaded, demo);
    Exit code = Exit::failed;
    std::exception_ptr fault;
    auto finished = [&](std::exception_ptr failure, Exit result) {
        fault = failure;
        code = result;
        io.stop();
    };
    auto life = serving.run();
    asio::co_spawn(io, std::move(life), finished);
    io.run();
    if (fault) std::rethrow_exception(fault);
    return code;
}

}  // namespace warren::app
