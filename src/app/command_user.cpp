#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include "adapters/local_bus/local_bus.hpp"
#include "app/admin_commands.hpp"
#include "app/command_line.hpp"
#include "app/paths.hpp"
#include "app/secrets.hpp"
#include "app/stores.hpp"
#include "base/log.hpp"
#include "ports/system_clock.hpp"

namespace warren::app {
namespace {

constexpr std::chrono::seconds kPrepareTimeout{30};

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

Task<Result<json::value>> on_own_stores(const Config& config, json::object call) {
    Metrics metrics;
    const auto secrets = make_secrets(config);
    WARREN_CO_TRY(stores, open_stores(config, metrics));
    auto preparing = stores->prepare(Deadline{std::chrono::steady_clock::now() + kPrepareTimeout});
    WARREN_CO_TRY_VOID(co_await std::move(preparing));
    OwnAccounts own(config, *secrets, *stores);
    auto running = run_admin_call(own.accounts, own.clock, std::move(call));
    co_return co_await std::move(running);
}

/// Makes the call on the running node, or where none runs on the stores themselves.
Result<json::value> make_call(const Config& config, json::object call) {
    auto answered = call_admin(admin_socket_path(config), call);
    if (answered || answered.error() != Errc::not_found) return answered;
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

}  // namespace

Exit add_user(const Config& config, const Arguments& arguments) {
    std::string password;
    if (arguments.password_from_stdin) {
        auto read = read_password();
        if (!read) {
            complain("there is no password on standard input; give one line, or leave off --password-stdin");
            return Exit::usage;
        }
        password = std::move(*read);
    } else {
        password = made_password(config);
    }
    json::object call{
        {"call", "user.add"}, {"email", arguments.email}, {"name", arguments.name}, {"password", password}};
    const auto added = make_call(config, std::move(call));
    if (!added) return fail(added.error());
    auto person = *added;
    if (arguments.as_json) {
        if (!arguments.password_from_stdin) person.as_object()["password"] = password;
        print_person(person, true);
        return Exit::ok;
    }
    std::cout << "Added " << text_of(person, "email") << " (" << text_of(person, "name") << ", phone number "
              << text_of(person, "phoneNo") << ").\n";
    if (!arguments.password_from_stdin) std::cout << "Password, shown only now: " << password << "\n";
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
