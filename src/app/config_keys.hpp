#pragma once
#include <span>
#include <string_view>
#include <variant>

#include "app/config.hpp"

namespace warren::app {

/// The member of Config that a key sets; its type decides how the key's values are written.
using Slot = std::variant<bool Config::*, std::uint64_t Config::*, Bytes Config::*,
                          std::chrono::milliseconds Config::*, Rate Config::*, std::string Config::*,
                          std::vector<std::string> Config::*>;

/// Says what is wrong with a text, or nothing.
using TextCheck = std::string (*)(std::string_view);

/// One row of the table: all there is to know of a key.
struct Key {
    std::string_view name;  ///< `section.key`
    Slot slot;
    std::string_view fallback;  ///< The default, written as in the environment.
    std::string_view text;      ///< For the manual: what it does, for an operator.
    std::uint64_t min = 0;      ///< For numbers, sizes (bytes) and durations (ms).
    std::uint64_t max = UINT64_MAX;
    std::string_view choices = {};  ///< For texts: the allowed ones, `a|b`.
    TextCheck check = nullptr;      ///< For texts and each item of a list.
    bool secret = false;            ///< Never printed; may come from a file named by `KEY_file`.
    std::string_view flag = {};     ///< `--listen`; empty: only `--set`.
};

std::span<const Key> config_keys();
/// The row of `name`, or null.
const Key* find_key(std::string_view name);
/// `http.listen` is `WARREN_HTTP_LISTEN`.
std::string environment_name(std::string_view key);
/// The known name (of keys, or of the variables when `environment`) with the fewest edits from `name`;
/// empty if even that one is far.
std::string nearest_name(std::string_view name, bool environment);

/// A value as a layer gave it: the texts of a list, or one text, and whether it was bare in TOML.
struct RawValue {
    enum class Kind { any, text, integer, boolean, list };
    Kind kind = Kind::any;
    std::vector<std::string> items;
};

/// Sets `key` of `config` from `raw`, or says what would be right.
std::string set_value(const Key& key, RawValue raw, Config& config);
/// The value as TOML.
std::string value_as_toml(const Key& key, const Config& config);
/// What may be written, for people: `a duration from 1 s to 1 h`.
std::string describe_values(const Key& key);

}  // namespace warren::app
