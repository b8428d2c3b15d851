#include "app/admin_call.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include "adapters/local_bus/local_bus.hpp"
#include "app/admin_commands.hpp"
#include "app/bus.hpp"
#include "app/command_line.hpp"
#include "app/node_options.hpp"
#include "app/paths.hpp"
#include "app/secrets.hpp"
#include "app/stores.hpp"
#include "base/log.hpp"
#include "ports/system_clock.hpp"

namespace warren::app {
namespace {

constexpr std::chrono::seconds kPrepareTimeout{30}, kTellTimeout{10};

/// Waits for the bus to come up, and for nothing else.
class UpListener final : public BusListener {
public:
    void on_message(BusMessage) override {}
    void on_control(ControlMessage) override {}
    void on_down() override {}
    void on_up() override { up = true; }
    bool up = false;
};

/// Accounts over stores that were opened for one command.
struct OwnAccounts {
    OwnAccounts(const Config& config, Secrets& secrets, Stores& stores)
        : ids(secrets.random_number(), static_cast<std::uint32_t>(secrets.random_number())),
          environment{stores.entries(),
                      stores.channels(),
                      stores.members(),
                      stores.users(),
                      stores.blocks(),
                      bus,
                      clock,
                      ids,
                      metrics,
                      NodeId{},
                      {}},
          accounts(environment, secrets, std::chrono::floor<std::chrono::seconds>(config.sessions_lifetime)) {
    }
    LocalBus bus;
    SystemClock clock;
    IdMaker ids;
    Metrics metrics;
    chat::Environment environment;
    chat::Accounts accounts;
};

/// Has the nodes that run elsewhere end the connections of `users`; whether the broker could be asked to.
Task<bool> tell_nodes(Config config, SystemClock& clock, std::vector<UserId> users) {
    Metrics metrics;
    if (config.node_name.empty()) config.node_name = "warren-user";
    auto bus = make_bus(config, metrics);
    if (!bus) co_return false;
    auto& port = (*bus)->port();
    UpListener listener;
    const auto executor = co_await asio::this_coro::executor;
    port.start(executor, listener);
    const auto until = clock.now() + kTellTimeout;
    while (!listener.up && clock.now() < until) {
        auto sleeping = clock.sleep_until(clock.now() + std::chrono::milliseconds{20});
        co_await std::move(sleeping);
    }
    for (const auto& user : users)
        port.publish_control(SignedOut{user});
    auto stopping = port.stop();
    co_await std::move(stopping);
    co_return listener.up;
}

Task<Result<json::value>> on_own_stores(const Config& config, json::object call) {
    Metrics metrics;
    const auto secrets = make_secrets(config);
    WARREN_CO_TRY(stores, open_stores(config, metrics));
    auto preparing = stores->prepare(Deadline{std::chrono::steady_clock::now() + kPrepareTimeout});
    WARREN_CO_TRY_VOID(co_await std::move(preparing));
    OwnAccounts own(config, *secrets, *stores);
    std::vector<UserId> signed_out;
    AdminPowers powers{own.accounts, stores->channels(), chat_limits(config).retention, own.clock,
                       [&](UserId user) { signed_out.push_back(user); }};
    auto running = run_admin_call(std::move(powers), std::move(call));
    auto done = co_await std::move(running);
    if (done && !signed_out.empty() && !config.rabbitmq_urls.empty()) {
        auto telling = tell_nodes(config, own.clock, std::move(signed_out));
        if (!co_await std::move(telling)) {
            complain(
                "done, but the broker does not answer: other nodes end the connections only when they look "
                "next, within delivery.recheck_period");
        }
    }
    co_return done;
}

}  // namespace

Result<json::value> make_call(const Config& config, json::object call) {
    if (auto answered = call_admin(admin_socket_path(config), call)) return std::move(*answered);
    log::configure(log::Level::error, log::Format::text);
    asio::io_context io(1);
    Result<json::value> result = Error(Errc::internal);
    std::exception_ptr fault;
    auto keep = [&](std::exception_ptr failure, Result<json::value> value) {
        fault = failure;
        result = std::move(value);
    };
    auto running = on_own_stores(config, std::move(call));
    asio::co_spawn(io, std::move(running), keep);
    io.run();
    if (fault) std::rethrow_exception(fault);
    return result;
}

Exit fail(const Error& error) {
    complain(error.message);
    // Only stores opened here say `conflict` of a folder; the node is there but does not answer.
    return exit_of(error.code);
}

}  // namespace warren::app
