#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/json.hpp>

namespace warren::log {
namespace {

std::atomic<Format> format_now{Format::text};

spdlog::logger& logger() {
    static auto instance = [] {
        auto created = spdlog::stderr_logger_mt("warren");
        created->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
        created->flush_on(spdlog::level::info);
        return created;
    }();
    return *instance;
}

spdlog::level::level_enum spd(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
        case Level::off:
            return spdlog::level::off;
    }
    return spdlog::level::info;
}

bool plain(std::string_view value) {
    return !value.empty() && value.find_first_of(" \"=\n\r\t") == std::string_view::npos;
}

}  // namespace

void configure(Level level, Format format) {
    format_now = format;
    logger().set_level(spd(level));
    logger().set_pattern(format == Format::json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%v}"
                                                : "%Y-%m-%dT%H:%M:%S.%eZ %L %v",
                         spdlog::pattern_time_type::utc);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!logger().should_log(spd(level))) return;
    namespace json = boost::json;
    std::string line;
    if (format_now == Format::json) {
        line = "\"event\":" + json::serialize(json::string(event));
        for (const auto& [key, value] : fields) {
            line += "," + json::serialize(json::string(key)) + ":" + json::serialize(json::string(value));
        }
    } else {
        line = event;
        for (const auto& [key, value] : fields) {
            line += " " + std::string(key) + "=";
            line += plain(value) ? value : json::serialize(json::string(value));
        }
    }
    logger().log(spd(level), spdlog::string_view_t(line));
}

}  // namespace warren::log
