#include <boost/json.hpp>
#include <charconv>

#include "app/config_keys.hpp"

namespace warren::app {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
// The first unit is the one that a plain number has; the greatest that divides a value prints it.
constexpr Unit kByteUnits[] = {{"", 1},
                               {"B", 1},
                               {"KiB", 1024},
                               {"kB", 1000},
                               {"KB", 1000},
                               {"MiB", 1024 * 1024},
                               {"MB", 1000 * 1000},
                               {"GiB", 1024 * 1024 * 1024},
                               {"GB", 1000 * 1000 * 1000}};
constexpr Unit kTimeUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number(text.substr(0, digits));
    auto unit = text.substr(digits);
    while (!unit.empty() && unit.front() == ' ')
        unit.remove_prefix(1);
    for (const auto& [name, factor] : units) {
        if (unit != name || !number) continue;
        if (*number > UINT64_MAX / factor) return std::nullopt;
        return *number * factor;
    }
    return std::nullopt;
}

std::string print_with_unit(std::uint64_t value, std::span<const Unit> units) {
    const Unit* best = &units.front();
    for (const auto& unit : units) {
        if (value != 0 && value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
    }
    if (best->name.empty()) return std::to_string(value);
    const bool spaced = units.front().name.empty();
    return std::to_string(value / best->factor) + (spaced ? " " : "") + std::string(best->name);
}

std::string quoted(std::string_view text) {
    return boost::json::serialize(boost::json::string(text));
}

std::string range_error(const Key& key, std::uint64_t value) {
    if (value >= key.min && value <= key.max) return {};
    return "is out of range";
}

struct Setter {
    const Key& key;
    RawValue& raw;
    Config& config;

    const std::string& text() const { return raw.items.front(); }
    bool is_list() const { return raw.kind == RawValue::Kind::list; }

    std::string operator()(bool Config::*slot) const {
        if (is_list() || (text() != "true" && text() != "false")) return "is neither true nor false";
        config.*slot = text() == "true";
        return {};
    }
    std::string operator()(std::uint64_t Config::*slot) const {
        const auto value = is_list() ? std::nullopt : parse_number(text());
        if (!value) return "is not a whole number";
        config.*slot = *value;
        return range_error(key, *value);
    }
    std::string operator()(Bytes Config::*slot) const {
        const auto value = is_list() ? std::nullopt : parse_with_unit(text(), kByteUnits);
        if (!value) return "is not a size";
        config.*slot = Bytes{*value};
        return range_error(key, *value);
    }
    std::string operator()(std::chrono::milliseconds Config::*slot) const {
        const auto value = is_list() ? std::nullopt : parse_with_unit(text(), kTimeUnits);
        if (!value || *value > INT64_MAX) return "is not a duration";
        config.*slot = std::chrono::milliseconds(static_cast<std::int64_t>(*value));
        return range_error(key, *value);
    }
    std::string operator()(Rate Config::*slot) const {
        if (is_list()) return "is not a rate";
        const auto slash = text().find('/');
        if (slash == std::string::npos) return "is not a rate";
        const auto count = parse_number(std::string_view(text()).substr(0, slash));
        const auto per = parse_with_unit(std::string_view(text()).substr(slash + 1), kTimeUnits);
        if (!count || !per || *per == 0 || *per > 86'400'000) return "is not a rate";
        config.*slot = Rate{*count, std::chrono::milliseconds(static_cast<std::int64_t>(*per))};
        return range_error(key, *count);
    }
    std::string operator()(std::string Config::*slot) const {
        if (is_list() || raw.kind == RawValue::Kind::integer || raw.kind == RawValue::Kind::boolean) {
            return "is not a text in quotes";
        }
        config.*slot = text();
        return check_text(text());
    }
    std::string operator()(std::vector<std::string> Config::*slot) const {
        if (raw.kind == RawValue::Kind::any) split_by_comma();
        if (raw.kind != RawValue::Kind::list) return "is not a list of texts";
        for (const auto& item : raw.items) {
            if (auto wrong = check_text(item); !wrong.empty()) return wrong;
        }
        config.*slot = raw.items;
        return {};
    }

private:
    void split_by_comma() const {
        raw.kind = RawValue::Kind::list;
        std::vector<std::string> items;
        std::string_view rest = raw.items.front();
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            auto item = rest.substr(0, comma);
            while (!item.empty() && item.front() == ' ')
                item.remove_prefix(1);
            while (!item.empty() && item.back() == ' ')
                item.remove_suffix(1);
            if (!item.empty()) items.emplace_back(item);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
        raw.items = std::move(items);
    }
    std::string check_text(std::string_view value) const {
        if (!key.choices.empty()) {
            const auto all = "|" + std::string(key.choices) + "|";
            const auto wanted = "|" + std::string(value) + "|";
            if (value.empty() || value.find('|') != value.npos || all.find(wanted) == all.npos) {
                return "is not one of them";
            }
        }
        return key.check ? key.check(value) : std::string{};
    }
};

struct Printer {
    const Config& config;
    std::string operator()(bool Config::*slot) const { return config.*slot ? "true" : "false"; }
    std::string operator()(std::uint64_t Config::*slot) const { return std::to_string(config.*slot); }
    std::string operator()(Bytes Config::*slot) const {
        const auto text = print_with_unit((config.*slot).n, kByteUnits);
        return text.find(' ') == text.npos ? text : quoted(text);
    }
    std::string operator()(std::chrono::milliseconds Config::*slot) const {
        return quoted(print_with_unit(static_cast<std::uint64_t>((config.*slot).count()), kTimeUnits));
    }
    std::string operator()(Rate Config::*slot) const {
        const auto& rate = config.*slot;
        const auto per = static_cast<std::uint64_t>(rate.per.count());
        return quoted(std::to_string(rate.count) + "/" + print_with_unit(per, kTimeUnits));
    }
    std::string operator()(std::string Config::*slot) const { return quoted(config.*slot); }
    std::string operator()(std::vector<std::string> Config::*slot) const {
        std::string out = "[";
        for (const auto& item : config.*slot)
            out += (out.size() > 1 ? ", " : "") + quoted(item);
        return out + "]";
    }
};

std::string span_of(const Key& key, std::span<const Unit> units, std::string what) {
    if (key.max == UINT64_MAX && key.min == 0) return what;
    if (key.max == UINT64_MAX) return what + ", at least " + print_with_unit(key.min, units);
    return what + " from " + print_with_unit(key.min, units) + " to " + print_with_unit(key.max, units);
}

constexpr Unit kNoUnits[] = {{"", 1}};

struct Describer {
    const Key& key;
    std::string operator()(bool Config::*) const { return "true or false"; }
    std::string operator()(std::uint64_t Config::*) const { return span_of(key, kNoUnits, "a whole number"); }
    std::string operator()(Bytes Config::*) const {
        return span_of(key, kByteUnits, "a size (`16 KiB`, `1 MB`)");
    }
    std::string operator()(std::chrono::milliseconds Config::*) const {
        return span_of(key, kTimeUnits, "a duration (`250ms`, `30s`, `10m`, `24h`, `30d`)");
    }
    std::string operator()(Rate Config::*) const {
        return "a rate (`30/10s`: 30 in any 10 seconds), the number at least " + std::to_string(key.min);
    }
    std::string operator()(std::string Config::*) const {
        if (key.choices.empty()) return "a text";
        std::string out = "one of ";
        for (const char c : key.choices)
            out += c == '|' ? ", " : std::string(1, c);
        return out;
    }
    std::string operator()(std::vector<std::string> Config::*) const { return "a list of texts"; }
};

}  // namespace

std::string set_value(const Key& key, RawValue raw, Config& config) {
    const auto wrong = std::visit(Setter{key, raw, config}, key.slot);
    if (wrong.empty()) return {};
    std::string shown;
    if (!key.secret && raw.kind != RawValue::Kind::list && !raw.items.empty()) {
        shown = " " + quoted(raw.items.front());
    }
    return std::string(key.name) + shown + " " + wrong + "; it takes " + describe_values(key);
}

std::string value_as_toml(const Key& key, const Config& config) {
    return std::visit(Printer{config}, key.slot);
}

std::string describe_values(const Key& key) {
    return std::visit(Describer{key}, key.slot);
}

}  // namespace warren::app
