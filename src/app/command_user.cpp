#include <unistd.h>

#include <iostream>

#include "app/admin_call.hpp"
#include "app/command_line.hpp"
#include "app/secrets.hpp"

namespace warren::app {
namespace {

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
