#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace warren::http {

/// The media type of a file name, by its extension.
std::string_view media_type(std::string_view file_name);

/// Serves one file from memory with ETag, HEAD, ranges, and gzip where it pays (compressed once, here).
Handler memory_file(std::string content, std::string_view content_type,
                    std::string_view cache_control = "no-cache");

struct FolderOptions {
    std::string prefix;  ///< Taken off the path before it is looked up, `/static/` say.
    std::string index = "index.html";
    std::string fallback;  ///< Served for a path that is no file (client-side routes); empty: 404.
    std::string cache_control = "no-cache";
};
/// Serves the files under `folder`: ETag, Last-Modified, HEAD, ranges, `NAME.gz` where it lies beside NAME.
/// Nothing outside of the folder, no hidden files, and no listing.
Handler folder(std::filesystem::path folder, FolderOptions options);

}  // namespace warren::http
