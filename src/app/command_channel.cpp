#include <iostream>

#include "app/admin_call.hpp"
#include "app/command_line.hpp"
#include "app/config_keys.hpp"

namespace warren::app {
namespace {

/// `value` as the key's own text, or nothing, having said what is wrong with it.
std::optional<std::uint64_t> number_of(const std::string& key, const std::string& option,
                                       const std::string& value) {
    Config parsed{};
    const auto problem = set_value(*find_key(key), {RawValue::Kind::any, {value}}, parsed);
    if (!problem.empty()) {
        complain(option + " " + value + " " + problem + "; it takes " + describe_values(*find_key(key)));
        return std::nullopt;
    }
    const bool is_age = key == "retention.max_age";
    return is_age ? static_cast<std::uint64_t>(parsed.retention_max_age.count())
                  : parsed.retention_max_messages;
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
        const auto age = number_of("retention.max_age", "--max-age", *arguments.max_age);
        if (!age) return Exit::usage;
        call["maxAgeMs"] = *age;
    }
    if (arguments.max_messages) {
        const auto messages = number_of("retention.max_messages", "--max-messages", *arguments.max_messages);
        if (!messages) return Exit::usage;
        call["maxMessages"] = *messages;
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
