#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "app/config.hpp"
#include "app/config_file.hpp"
#include "app/config_keys.hpp"

namespace warren::app {
namespace {

constexpr std::string_view kFileSuffix = "_file";
constexpr std::string_view kEnvironmentFileSuffix = "_FILE";

std::string did_you_mean(const std::string& nearest) {
    return nearest.empty() ? "; docs/configuration.md lists all" : "; did you mean " + nearest + "?";
}

/// Reads the layers one after the other, each key of one layer at most once.
class Loader {
public:
    explicit Loader(const ConfigInput& input) : input_(input) {}

    LoadedConfig run() {
        for (const auto& key : config_keys()) {
            set(key, {RawValue::Kind::any, {std::string(key.fallback)}}, "default", "");
        }
        read_file();
        read_environment();
        read_flags();
        if (loaded_.problems.empty()) check_together();
        return std::move(loaded_);
    }

private:
    void problem(const std::string& where, const std::string& what) {
        loaded_.problems.push_back(where.empty() ? what : where + ": " + what);
    }

    void set(const Key& key, RawValue raw, const std::string& source, const std::string& where) {
        if (auto wrong = set_value(key, std::move(raw), loaded_.config); !wrong.empty())
            problem(where, wrong);
        loaded_.sources[std::string(key.name)] = source;
    }

    /// A key, or `KEY_file` of a secret one. False if there is no such name.
    bool set_named(const std::string& name, RawValue raw, const std::string& source) {
        if (const auto* key = find_key(name)) {
            once(*key, source);
            set(*key, std::move(raw), source, source);
            return true;
        }
        if (!name.ends_with(kFileSuffix)) return false;
        const auto* key = find_key(std::string_view(name).substr(0, name.size() - kFileSuffix.size()));
        if (!key || !key->secret) return false;
        once(*key, source);
        set_from_file(*key, raw, source);
        return true;
    }

    void once(const Key& key, const std::string& source) {
        if (!in_layer_.insert(key.name).second) {
            problem(source, std::string(key.name) + " and " + std::string(key.name) +
                                std::string(kFileSuffix) + " are both given; keep one");
        }
    }

    void set_from_file(const Key& key, const RawValue& raw, const std::string& source) {
        const std::string path = raw.items.size() == 1 ? raw.items.front() : "";
        std::ifstream stream(path, std::ios::binary);
        if (path.empty() || !stream) {
            problem(source, std::string(key.name) + std::string(kFileSuffix) + " names \"" + path +
                                "\", which " + (path.empty() ? "is no file" : std::strerror(errno)));
            return;
        }
        RawValue value{RawValue::Kind::text, {}};
        for (std::string line; std::getline(stream, line);) {
            while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
                line.pop_back();
            if (!line.empty()) value.items.push_back(std::move(line));
        }
        if (std::holds_alternative<std::vector<std::string> Config::*>(key.slot))
            value.kind = RawValue::Kind::list;
        else if (value.items.size() != 1)
            return problem(source, path + " does not hold exactly one line");
        set(key, std::move(value), source + " (" + path + ")", source);
    }

    void read_file() {
        if (input_.file.empty()) return;
        auto parsed = parse_config_file(input_.file);
        if (!parsed.problem.empty()) return problem("", parsed.problem);
        for (auto& entry : parsed.entries) {
            const auto where = input_.file + ":" + std::to_string(entry.line);
            if (!entry.wrong.empty())
                problem(where, entry.name + " " + entry.wrong);
            else if (!set_named(entry.name, std::move(entry.value), where))
                unknown_in_file(where, entry.name);
        }
        in_layer_.clear();
    }

    void unknown_in_file(const std::string& where, const std::string& name) {
        problem(where, "there is no key " + name + did_you_mean(nearest_name(name, false)));
    }

    void read_environment() {
        std::map<std::string, std::string> names;
        for (const auto& key : config_keys()) {
            names[environment_name(key.name)] = key.name;
            if (!key.secret) continue;
            names[environment_name(key.name) + std::string(kEnvironmentFileSuffix)] =
                std::string(key.name) + std::string(kFileSuffix);
        }
        for (const auto& [variable, value] : input_.environment) {
            if (!variable.starts_with("WARREN_")) continue;
            const auto found = names.find(variable);
            if (found == names.end())
                unknown_in_environment(variable);
            else
                set_named(found->second, {RawValue::Kind::any, {value}}, "$" + variable);
        }
        in_layer_.clear();
    }

    // Not every WARREN_* is ours: Kubernetes sets WARREN_PORT and the like for a service called warren, and
    // tests have names of their own. Refused is what has a section of ours, or is a slip of the pen away.
    void unknown_in_environment(const std::string& variable) {
        const auto nearest = nearest_name(variable, true);
        bool ours = false;
        for (const auto& key : config_keys()) {
            const auto section = environment_name(key.name.substr(0, key.name.find('.'))) + "_";
            ours = ours || variable.starts_with(section);
        }
        if (ours || is_slip(variable, nearest)) {
            problem("$" + variable, "there is no such setting" + did_you_mean(nearest));
        }
    }
    static bool is_slip(std::string_view variable, std::string_view nearest) {
        if (nearest.empty() || variable.size() + 1 < nearest.size() || nearest.size() + 1 < variable.size()) {
            return false;
        }
        std::size_t same_front = 0, same_back = 0;
        const auto shorter = std::min(variable.size(), nearest.size());
        while (same_front < shorter && variable[same_front] == nearest[same_front])
            ++same_front;
        while (same_back < shorter &&
               variable[variable.size() - 1 - same_back] == nearest[nearest.size() - 1 - same_back])
            ++same_back;
        return same_front + same_back + 2 >= variable.size();
    }

    void read_flags() {
        for (const auto& [name, text, flag] : input_.flags) {
            const auto* key = find_key(name);
            if (key && key->secret) {
                problem(flag, std::string(key->name) +
                                  " is a secret, and others can read a command line; give " +
                                  environment_name(key->name) + " or " + std::string(key->name) + "_file");
            } else if (!set_named(name, {RawValue::Kind::any, {text}}, flag)) {
                problem(flag, "there is no key " + name + did_you_mean(nearest_name(name, false)));
            }
            in_layer_.clear();  // The last of several flags counts, as usual on a command line.
        }
    }

    /// Of two durations.
    void check_shorter(std::string_view shorter, std::chrono::milliseconds a, std::string_view longer,
                       std::chrono::milliseconds b, const std::string& why) {
        if (a < b) return;
        problem(loaded_.sources.find(shorter)->second, std::string(shorter) + " is not shorter than " +
                                                           std::string(longer) + ", so " + why +
                                                           "; make it shorter, or the other longer");
    }

    void check_times() {
        const auto& c = loaded_.config;
        check_shorter("typing.interval", c.typing_interval, "typing.ttl", c.typing_ttl,
                      "whoever is typing would seem to have stopped in between");
        check_shorter("presence.answer_wait", c.presence_answer_wait, "limits.event_timeout",
                      c.limits_event_timeout, "presence:watch would always time out");
        check_shorter("presence.linger", c.presence_linger, "presence.ttl", c.presence_ttl,
                      "people would go offline before they are gone");
        check_shorter("limits.event_timeout", c.limits_event_timeout, "deletion.sweep_notes_after",
                      c.deletion_sweep_notes_after, "deletions under way would count as left");
    }

    void check_sizes() {
        const auto& c = loaded_.config;
        const auto too_small = [&](std::string_view small, Bytes have, std::string_view great, Bytes need) {
            if (have.n >= need.n) return;
            problem(loaded_.sources.find(great)->second, std::string(great) + " is more than " +
                                                             std::string(small) +
                                                             ", so it could not be used; "
                                                             "make it smaller, or the other greater");
        };
        too_small("socketio.frame_max", c.socketio_frame_max, "limits.message", c.limits_message);
        too_small("socketio.frame_max", c.socketio_frame_max, "limits.data", c.limits_data);
        too_small("limits.answer", c.limits_answer, "limits.message", c.limits_message);
        too_small("socketio.queue_max", c.socketio_queue_max, "limits.answer", c.limits_answer);
    }

    void check_together() {
        check_times();
        check_sizes();
        const auto& config = loaded_.config;
        const auto at = [&](std::string_view key) { return loaded_.sources.find(key)->second; };
        if (!config.rabbitmq_urls.empty() && config.mongodb_url.empty()) {
            problem(at("rabbitmq.urls"),
                    "rabbitmq.urls is for several nodes, and those cannot share a SQLite "
                    "file; give mongodb.url as well, or neither");
        }
        if (config.delivery_large_group_publish < config.delivery_large_group_bind) {
            problem(at("delivery.large_group_publish"),
                    "delivery.large_group_publish is below delivery.large_group_bind, so some members would "
                    "not be reached; make it at least as great");
        }
        if (config.http_listen == config.admin_listen && split_listen(config.http_listen).port != 0) {
            problem(at("admin.listen"), "admin.listen is the same as http.listen; give it another port");
        }
    }

    const ConfigInput& input_;
    LoadedConfig loaded_;
    std::set<std::string_view> in_layer_;
};

}  // namespace

LoadedConfig load_config(const ConfigInput& input) {
    return Loader(input).run();
}

std::map<std::string, std::string> process_environment() {
    std::map<std::string, std::string> out;
    for (char** variable = environ; *variable; ++variable) {
        const std::string_view text = *variable;
        const auto equals = text.find('=');
        if (equals != text.npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return out;
}

HostPort split_listen(std::string_view listen) {
    const auto colon = listen.rfind(':');
    auto host = listen.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    HostPort out{std::string(host), 0};
    const auto port = listen.substr(colon + 1);
    std::from_chars(port.data(), port.data() + port.size(), out.port);
    return out;
}

}  // namespace warren::app
