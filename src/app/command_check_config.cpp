#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include "app/bus.hpp"
#include "app/command_line.hpp"
#include "app/stores.hpp"
#include "base/log.hpp"

namespace warren::app {
namespace {

constexpr std::chrono::seconds kTimeout{15};

/// Asks one server and says how it went; the worst exit code so far.
template <class Server>
Task<Exit> ask(Server& server, std::string name, Exit so_far) {
    auto asking = server.check(Deadline{std::chrono::steady_clock::now() + kTimeout});
    const auto answer = co_await std::move(asking);
    if (answer) {
        std::cerr << name << ": ok\n";
        co_return so_far;
    }
    complain(name + ": " + answer.error().message);
    const auto code = answer.error().code;
    const bool away = code == Errc::unavailable || code == Errc::timed_out || code == Errc::overloaded;
    co_return away&& so_far == Exit::ok ? Exit::unavailable : away ? so_far : Exit::configuration;
}

Task<Exit> ask_all(const Config& config) {
    Metrics metrics;
    Exit code = Exit::ok;
    auto stores = open_remote_stores(config, metrics);
    if (!stores) {
        complain(stores.error().message);
        code = Exit::configuration;
    } else if (*stores) {
        auto asking = ask(**stores, "MongoDB", code);
        code = co_await std::move(asking);
    }
    if (config.rabbitmq_urls.empty()) co_return code;
    auto bus = make_bus(config, metrics);
    if (!bus) {
        complain(bus.error().message);
        co_return Exit::configuration;
    }
    auto asking = ask(**bus, "RabbitMQ", code);
    co_return co_await std::move(asking);
}

}  // namespace

Exit check_config(const LoadedConfig& loaded, bool connect) {
    std::cout << print_config(loaded) << std::flush;
    if (!connect) return Exit::ok;
    log::configure(log::Level::off, log::Format::text);
    asio::io_context io(1);
    Exit code = Exit::failed;
    std::exception_ptr fault;
    auto keep = [&](std::exception_ptr failure, Exit result) {
        fault = failure;
        code = result;
    };
    auto asking = ask_all(loaded.config);
    asio::co_spawn(io, std::move(asking), keep);
    io.run();
    if (fault) std::rethrow_exception(fault);
    return code;
}

}  // namespace warren::app
