#include <iostream>

#include "app/admin_call.hpp"
#include "app/command_line.hpp"
#include "app/config_keys.hpp"

namespace warren::app {
namespace {

/// What an option takes is what its key in the configuration takes. Nothing, having said what is wrong with
/// `value`, where that is not it.
std::optional<Config> parse(const std::string& option, const std::string& name, const std::string& value) {
    auto key = *find_key(name);
    key.name = option;
    Config parsed{};
    const auto problem = set_value(key, {RawValue::Kind::any, {value}}, parsed);
    if (problem.empty()) return parsed;
    complain(problem);
    return std::nullopt;
}

std::string age_text(const json::value& done) {
    const auto age = done.at("maxAgeMs").to_number<std::uint64_t>();
    if (age == 0) return "-";
    Config config{};
    config.retention_max_age = std::chrono::milliseconds(age);
    const auto quoted = value_as_toml(*find_key("retention.max_age"), config);
    return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

Exit channel_retention(const Config& config, const Arguments& arguments) {
    json::object call{{"call", "channel.retention"}, {"channel", arguments.channel}};
    if (arguments.use_default) call["default"] = true;
    if (arguments.max_age) {
        const auto parsed = parse("--max-age", "retention.max_age", *arguments.max_age);
        if (!parsed) return Exit::usage;
        call["maxAgeMs"] = parsed->retention_max_age.count();
    }
    if (arguments.max_messages) {
        const auto parsed = parse("--max-messages", "retention.max_messages", *arguments.max_messages);
        if (!parsed) return Exit::usage;
        call["maxMessages"] = parsed->retention_max_messages;
    }
    const auto done = make_call(config, std::move(call));
    if (!done) return fail(done.error());
    if (arguments.as_json) {
        std::cout << json::serialize(*done) << "\n";
        return Exit::ok;
    }
    const auto messages = done->at("maxMessages").to_number<std::uint64_t>();
    std::cout << std::string_view(done->at("_id").as_string()) << "\t" << age_text(*done) << "\t"
              << (messages == 0 ? "-" : std::to_string(messages)) << "\t"
              << (done->at("own").as_bool() ? "own" : "default") << "\t"
              << done->at("firstSeq").to_number<std::uint64_t>() << "\n";
    return Exit::ok;
}

}  // namespace warren::app
