#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace warren::gateway {

/// The text of element `index` of the JSON array `json`. `json` must be valid JSON: it has been parsed
/// before; this only finds where things lie. Nothing if it is no array or shorter.
std::optional<std::string_view> raw_element(std::string_view json, std::size_t index);

/// The text of member `name` of the JSON object `json`, the last one where it is repeated (as a parser takes
/// it). Nothing if it is no object or lacks it. The same condition.
std::optional<std::string_view> raw_member(std::string_view json, std::string_view name);

}  // namespace warren::gateway
