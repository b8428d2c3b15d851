#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "app/config_keys.hpp"

namespace warren::app {

/// One `section.key = value` of a TOML file.
struct FileEntry {
    std::string name;
    RawValue value;
    std::size_t line = 0;
    std::string wrong;  ///< Why the value can be of no key (a date, say), or empty.
};

struct ParsedFile {
    std::vector<FileEntry> entries;  ///< In the order of the file.
    std::string problem;             ///< `FILE:LINE: ...` when it could not be read or parsed.
};

ParsedFile parse_config_file(const std::string& path);

}  // namespace warren::app
