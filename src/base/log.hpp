#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Structured logs: an event name and fields, written by spdlog as text or as one JSON object a line.
/// Thread-safe. Message texts, passwords and tokens are never passed here.
namespace warren::log {

enum class Level { debug, info, warn, error, off };
enum class Format { text, json };

/// One `key=value` of a log line.
struct Field {
    std::string_view key;
    std::string value;

    Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(v) {}
    template <class N>
        requires std::is_arithmetic_v<N>
    Field(std::string_view k, N v) : key(k), value(std::to_string(v)) {}
};

/// Sets level and format of the process; writes to standard error. Until called: info, text.
void configure(Level level, Format format);

void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

}  // namespace warren::log
