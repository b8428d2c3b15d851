#include "app/config_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace warren::app {
namespace {

FileEntry entry_of(std::string name, const toml::node& node) {
    FileEntry entry{std::move(name), {}, node.source().begin.line, {}};
    auto& [kind, items] = entry.value;
    if (const auto* text = node.as_string()) {
        kind = RawValue::Kind::text;
        items = {text->get()};
    } else if (const auto* number = node.as_integer()) {
        kind = RawValue::Kind::integer;
        items = {std::to_string(number->get())};
    } else if (const auto* boolean = node.as_boolean()) {
        kind = RawValue::Kind::boolean;
        items = {boolean->get() ? "true" : "false"};
    } else if (const auto* array = node.as_array()) {
        kind = RawValue::Kind::list;
        for (const auto& item : *array) {
            if (const auto* item_text = item.as_string())
                items.push_back(item_text->get());
            else
                entry.wrong = "has an item that is not a text in quotes";
        }
    } else {
        entry.wrong = "is neither a text, a number, true, false nor a list";
    }
    return entry;
}

void collect(const toml::table& table, const std::string& prefix, ParsedFile& parsed) {
    for (const auto& [key, node] : table) {
        auto name = prefix + std::string(key.str());
        if (const auto* inner = node.as_table())
            collect(*inner, name + ".", parsed);
        else
            parsed.entries.push_back(entry_of(std::move(name), node));
    }
}

}  // namespace

ParsedFile parse_config_file(const std::string& path) {
    ParsedFile parsed;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (stream) text << stream.rdbuf();
    if (!stream || stream.bad()) {
        const std::string why = errno != 0 ? std::strerror(errno) : "it cannot be read";
        parsed.problem = path + ": " + why + "; give an existing file to --config";
        return parsed;
    }
    const auto result = toml::parse(text.str(), path);
    if (!result) {
        const auto& where = result.error().source().begin;
        parsed.problem = path + ":" + std::to_string(where.line) +
                         ": not TOML: " + std::string(result.error().description());
        return parsed;
    }
    collect(result.table(), "", parsed);
    const auto by_line = [](const FileEntry& a, const FileEntry& b) { return a.line < b.line; };
    std::stable_sort(parsed.entries.begin(), parsed.entries.end(), by_line);
    return parsed;
}

}  // namespace warren::app
