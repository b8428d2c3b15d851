#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace warren {

/// A moment of the calendar, UTC, to the millisecond. Orders nothing in Warren: `seq` does.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// `2026-11-24T03:11:00.000Z`. @see docs/protocol.md, Times
std::string to_iso8601(WallTime time);
/// The inverse; nothing unless the text has exactly that form.
std::optional<WallTime> parse_iso8601(std::string_view text);

}  // namespace warren
