#include "model/time.hpp"

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

/// Every entry that is shown has two of these: no time for printf.
void put(std::string& text, std::size_t at, std::size_t count, std::int64_t value) {
    for (; count > 0; value /= 10)
        text[at + --count] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string to_iso8601(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::string out = "0000-00-00T00:00:00.000Z";
    put(out, 0, 4, static_cast<int>(date.year()));
    put(out, 5, 2, static_cast<unsigned>(date.month()));
    put(out, 8, 2, static_cast<unsigned>(date.day()));
    put(out, 11, 2, clock.hours().count());
    put(out, 14, 2, clock.minutes().count());
    put(out, 17, 2, clock.seconds().count());
    put(out, 20, 3, clock.subseconds().count());
    return out;
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
