#include "http/files.hpp"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <ctime>

#include "http/base64.hpp"
#include "http/gzip.hpp"

namespace warren::http {
namespace {

constexpr std::size_t kGzipFrom = 1024;

struct ByteRange {
    std::uint64_t first = 0, length = 0;
};
enum class RangeKind { none, part, unsatisfiable };

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return n;
}

/// One range only; several, or nonsense, are answered with the whole file, as RFC 9110 14.2 allows.
RangeKind range_of(const Request& request, std::uint64_t size, std::string_view etag, ByteRange& out) {
    auto text = request.header("range");
    if (request.method != Method::get || !text.starts_with("bytes=")) return RangeKind::none;
    if (request.headers.has("if-range") && request.header("if-range") != etag) return RangeKind::none;
    text.remove_prefix(6);
    const auto dash = text.find('-');
    if (dash == text.npos || text.find(',') != text.npos) return RangeKind::none;
    const auto first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
    if ((!first && dash != 0) || (!last && dash + 1 != text.size()) || (!first && !last))
        return RangeKind::none;
    if (!first) {
        out.length = std::min(*last, size);
        out.first = size - out.length;
        return out.length > 0 ? RangeKind::part : RangeKind::unsatisfiable;
    }
    if (last && *last < *first) return RangeKind::none;
    if (*first >= size) return RangeKind::unsatisfiable;
    out.first = *first;
    out.length = std::min(last.value_or(size - 1), size - 1) - *first + 1;
    return RangeKind::part;
}

bool etag_matches(std::string_view list, std::string_view etag) {
    return list == "*" || (!list.empty() && list.find(etag) != list.npos);
}

std::optional<Response> not_readable(const Request& request) {
    if (request.method == Method::get || request.method == Method::head) return std::nullopt;
    return Response::text(405, "Method not allowed\n").header("Allow", "GET, HEAD");
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
    return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.first + range.length - 1) +
           "/" + std::to_string(size);
}

struct MemoryFile {
    std::shared_ptr<const std::string> plain, zipped;
    std::string etag, content_type, cache_control;
};

Response answer(const MemoryFile& file, const Request& request) {
    if (auto refused = not_readable(request)) return std::move(*refused);
    const bool zip = file.zipped && accepts_gzip(request) && !request.headers.has("range");
    const auto etag = "\"" + file.etag + (zip ? "-gz\"" : "\"");
    Response response;
    response.header("Content-Type", file.content_type)
        .header("Cache-Control", file.cache_control)
        .header("ETag", etag);
    if (file.zipped) response.header("Vary", "Accept-Encoding");
    if (etag_matches(request.header("if-none-match"), etag)) {
        response.status = 304;
        return response;
    }
    if (zip) {
        response.header("Content-Encoding", "gzip").shared_body = file.zipped;
        return response;
    }
    response.header("Accept-Ranges", "bytes").shared_body = file.plain;
    ByteRange range;
    const auto kind = range_of(request, file.plain->size(), etag, range);
    if (kind == RangeKind::none) return response;
    response.shared_body = nullptr;
    if (kind == RangeKind::part) {
        response.status = 206;
        response.header("Content-Range", content_range(range, file.plain->size()));
        response.body = file.plain->substr(range.first, range.length);
    } else {
        response.status = 416;
        response.header("Content-Range", "bytes */" + std::to_string(file.plain->size()));
    }
    return response;
}

std::string http_date(std::time_t at) {
    std::tm utc{};
    ::gmtime_r(&at, &utc);
    char buffer[40];
    return {buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

/// The path below the folder, or nothing where it would lead out of it or to something hidden.
std::optional<std::filesystem::path> safe_path(std::string_view path) {
    std::filesystem::path out;
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        const auto part = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (part.empty()) continue;
        if (part.starts_with('.') || part.find('\\') != part.npos || part.find('\0') != part.npos) {
            return std::nullopt;
        }
        out /= part;
    }
    return out;
}

struct OpenFile {
    std::shared_ptr<const int> fd;
    struct stat info {};
};

std::optional<OpenFile> open_below(const std::filesystem::path& root, const std::filesystem::path& name) {
    std::error_code ec;
    const auto real = std::filesystem::canonical(root / name, ec);
    if (ec) return std::nullopt;
    // A link may lead elsewhere inside, never out.
    const auto [end, _] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
    if (end != root.end()) return std::nullopt;
    const int fd = ::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return std::nullopt;
    OpenFile file;
    file.fd = std::shared_ptr<const int>(new int(fd), [](const int* p) {
        ::close(*p);
        delete p;
    });
    if (::fstat(fd, &file.info) != 0 || !S_ISREG(file.info.st_mode)) return std::nullopt;
    return file;
}

struct Folder {
    std::filesystem::path root;
    FolderOptions options;
};

Response send_file(const OpenFile& file, const std::filesystem::path& name, bool zipped, const Folder& folder,
                   const Request& request) {
    const auto size = static_cast<std::uint64_t>(file.info.st_size);
    const auto etag = "\"" + std::to_string(file.info.st_mtim.tv_sec) + "-" +
                      std::to_string(file.info.st_mtim.tv_nsec) + "-" + std::to_string(size) +
                      (zipped ? "-gz\"" : "\"");
    Response response;
    response.header("Content-Type", media_type(name.string()))
        .header("Cache-Control", folder.options.cache_control)
        .header("ETag", etag)
        .header("Last-Modified", http_date(file.info.st_mtim.tv_sec));
    if (zipped) response.header("Content-Encoding", "gzip").header("Vary", "Accept-Encoding");
    if (etag_matches(request.header("if-none-match"), etag)) {
        response.status = 304;
        return response;
    }
    response.header("Accept-Ranges", "bytes");
    ByteRange range{0, size};
    const auto kind = range_of(request, size, etag, range);
    if (kind == RangeKind::part) {
        response.status = 206;
        response.header("Content-Range", content_range(range, size));
    } else if (kind == RangeKind::unsatisfiable) {
        response.status = 416;
        response.header("Content-Range", "bytes */" + std::to_string(size));
        return response;
    } else {
        range = {0, size};
    }
    response.file = FileBody{file.fd, range.first, range.length};
    return response;
}

Response answer(const Folder& folder, const Request& request) {
    if (auto refused = not_readable(request)) return std::move(*refused);
    std::string_view path = request.path;
    if (path.starts_with(folder.options.prefix)) path.remove_prefix(folder.options.prefix.size());
    auto name = safe_path(path);
    if (!name) return Response::text(404, "Not found\n");
    if (name->empty() || path.ends_with('/')) *name /= folder.options.index;
    const bool may_zip = accepts_gzip(request) && !request.headers.has("range");
    for (const auto& candidate : {*name, std::filesystem::path(folder.options.fallback)}) {
        if (candidate.empty()) continue;
        if (may_zip) {
            if (const auto file = open_below(folder.root, candidate.string() + ".gz")) {
                return send_file(*file, candidate, true, folder, request);
            }
        }
        if (const auto file = open_below(folder.root, candidate)) {
            return send_file(*file, candidate, false, folder, request);
        }
    }
    return Response::text(404, "Not found\n");
}

Task<Response> serve_memory(std::shared_ptr<const MemoryFile> file, Request request) {
    co_return answer(*file, request);
}

Task<Response> serve_folder(std::shared_ptr<const Folder> folder, Request request) {
    co_return answer(*folder, request);
}

}  // namespace

std::string_view media_type(std::string_view file_name) {
    static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "application/javascript; charset=utf-8"},
        {".mjs", "application/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json; charset=utf-8"},
        {".map", "application/json; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".webp", "image/webp"},
        {".gif", "image/gif"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".wasm", "application/wasm"},
        {".webmanifest", "application/manifest+json"},
        {".mp3", "audio/mpeg"},
        {".wav", "audio/wav"}};
    for (const auto& [extension, type] : kTypes) {
        if (file_name.ends_with(extension)) return type;
    }
    return "application/octet-stream";
}

Handler memory_file(std::string content, std::string_view content_type, std::string_view cache_control) {
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest);
    auto file = std::make_shared<MemoryFile>();
    file->etag = base64url({reinterpret_cast<const char*>(digest), 12});
    file->content_type = content_type;
    file->cache_control = cache_control;
    if (content.size() >= kGzipFrom) {
        auto zipped = gzip(content, 9);
        // An image or an archive gains nothing.
        if (zipped.size() < content.size() / 10 * 9) {
            file->zipped = std::make_shared<const std::string>(std::move(zipped));
        }
    }
    file->plain = std::make_shared<const std::string>(std::move(content));
    return [file = std::shared_ptr<const MemoryFile>(std::move(file))](Request request) {
        return serve_memory(file, std::move(request));
    };
}

Handler folder(std::filesystem::path path, FolderOptions options) {
    auto folder = std::make_shared<Folder>();
    std::error_code ec;
    folder->root = std::filesystem::canonical(path, ec);
    if (ec) folder->root = std::move(path);
    folder->options = std::move(options);
    return [folder = std::shared_ptr<const Folder>(std::move(folder))](Request request) {
        return serve_folder(folder, std::move(request));
    };
}

}  // namespace warren::http
