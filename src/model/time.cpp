#include "model/time.hpp"

#include <array>
#include <cstdio>

namespace warren {
namespace {

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

std::string to_iso8601(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::array<char, 40> out{};
    const int length = std::snprintf(
        out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return {out.data(), static_cast<std::size_t>(length)};
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
    using namespace std::chrono;
    constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd.dddZ";
    if (text.size() != kForm.size()) return std::nullopt;
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        if (kForm[i] != 'd' && kForm[i] != text[i]) return std::nullopt;
    }
    const auto year_n = digits(text, 0, 4), month_n = digits(text, 5, 2), day_n = digits(text, 8, 2);
    const auto hour_n = digits(text, 11, 2), minute_n = digits(text, 14, 2), second_n = digits(text, 17, 2);
    const auto milli_n = digits(text, 20, 3);
    if (!year_n || !month_n || !day_n || !hour_n || !minute_n || !second_n || !milli_n) return std::nullopt;
    const year_month_day date(year{*year_n}, month{static_cast<unsigned>(*month_n)},
                              day{static_cast<unsigned>(*day_n)});
    if (!date.ok() || *hour_n > 23 || *minute_n > 59 || *second_n > 59) return std::nullopt;
    return sys_days(date) + hours(*hour_n) + minutes(*minute_n) + seconds(*second_n) + milliseconds(*milli_n);
}

}  // namespace warren
