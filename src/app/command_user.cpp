#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <iostream>

#include "adapters/local_bus/local_bus.hpp"
#include "app/admin_commands.hpp"
#include "app/bus.hpp"
#include "app/command_line.hpp"
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
    AdminPowers powers{own.accounts, own.clock, [&](UserId user) { signed_out.push_back(user); }};
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

/// Makes the call on the running node, or where none runs on the stores themselves.
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

std::string text_of(const json::value& person, std::string_view key) {
    return std::string(person.as_object().at(key).as_string());
}

void print_person(const json::value& person, bool as_json) {
    if (as_json) {
        std::cout << json::serialize(person) << "\n";
        return;
    }
    std::cout << text_of(person, "_id") << "\t" << text_of(person, "email") << "\t" << text_of(person, "name")
              << "\t" << text_of(person, "phoneNo") << "\t" << text_of(person, "status") << "\n";
}

std::optional<std::string> read_password() {
    if (::isatty(STDIN_FILENO)) std::cerr << "Password: " << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

/// 120 random bits: long enough for nobody to guess, short enough to be read out.
std::string made_password(const Config& config) {
    return make_secrets(config)->random_token().substr(0, 20);
}

/// The one from standard input, or one that is made; nothing, having said why, where there is none.
std::optional<std::string> given_password(const Config& config, const Arguments& arguments) {
    if (!arguments.password_from_stdin) return made_password(config);
    auto read = read_password();
    if (!read)
        complain("there is no password on standard input; give one line, or leave off --password-stdin");
    return read;
}

/// Prints what was done to `person`, and the password if it was made here.
Exit report(json::value person, const std::string& sentence, const std::string& password,
            const Arguments& arguments) {
    const bool show_password = !password.empty() && !arguments.password_from_stdin;
    if (arguments.as_json) {
        if (show_password) person.as_object()["password"] = password;
        print_person(person, true);
        return Exit::ok;
    }
    std::cout << sentence << "\n";
    if (show_password) std::cout << "Password, shown only now: " << password << "\n";
    return Exit::ok;
}

std::string name_of(const json::value& person) {
    return text_of(person, "email") + " (" + text_of(person, "name") + ")";
}

}  // namespace

Exit add_user(const Config& config, const Arguments& arguments) {
    const auto password = given_password(config, arguments);
    if (!password) return Exit::usage;
    json::object call{
        {"call", "user.add"}, {"email", arguments.email}, {"name", arguments.name}, {"password", *password}};
    const auto added = make_call(config, std::move(call));
    if (!added) return fail(added.error());
    const auto sentence = "Added " + text_of(*added, "email") + " (" + text_of(*added, "name") +
                          ", phone number " + text_of(*added, "phoneNo") + ").";
    return report(*added, sentence, *password, arguments);
}

Exit suspend_user(const Config& config, const Arguments& arguments) {
    json::object call{{"call", "user.suspend"}, {"who", arguments.who}};
    const auto done = make_call(config, std::move(call));
    if (!done) return fail(done.error());
    return report(*done, "Suspended " + name_of(*done) + "; their sessions and connections are ended.", {},
                  arguments);
}

Exit restore_user(const Config& config, const Arguments& arguments) {
    json::object call{{"call", "user.restore"}, {"who", arguments.who}};
    const auto done = make_call(config, std::move(call));
    if (!done) return fail(done.error());
    return report(*done, "Restored " + name_of(*done) + "; they may sign in again.", {}, arguments);
}

Exit set_password(const Config& config, const Arguments& arguments) {
    const auto password = given_password(config, arguments);
    if (!password) return Exit::usage;
    json::object call{{"call", "user.passwd"}, {"who", arguments.who}, {"password", *password}};
    const auto done = make_call(config, std::move(call));
    if (!done) return fail(done.error());
    const auto sentence =
        "Set the password of " + name_of(*done) + "; their sessions and connections are ended.";
    return report(*done, sentence, *password, arguments);
}

Exit show_sessions(const Config& config, const Arguments& arguments) {
    json::object call{{"call", "user.sessions"}, {"who", arguments.who}, {"end", arguments.end}};
    const auto done = make_call(config, std::move(call));
    if (!done) return fail(done.error());
    for (const auto& session : done->at("sessions").as_array()) {
        if (arguments.as_json) {
            std::cout << json::serialize(session) << "\n";
        } else {
            std::cout << text_of(session, "createdAt") << "\t" << text_of(session, "expiresAt") << "\n";
        }
    }
    if (arguments.end) std::cerr << "Ended the sessions of " << name_of(done->at("user")) << ".\n";
    return Exit::ok;
}

Exit list_users(const Config& config, bool as_json) {
    std::string after;
    do {
        json::object call{{"call", "user.list"}, {"after", after}};
        const auto listed = make_call(config, std::move(call));
        if (!listed) return fail(listed.error());
        const auto& answer = listed->as_object();
        for (const auto& person : answer.at("users").as_array())
            print_person(person, as_json);
        const auto* next = answer.if_contains("next");
        after = next ? std::string(next->as_string()) : std::string{};
    } while (!after.empty());
    return Exit::ok;
}

}  // namespace warren::app
