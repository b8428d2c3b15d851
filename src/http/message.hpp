#pragma once
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"

namespace warren::http {

class Shard;

enum class Method { get, head, post, put, patch, delete_, options, other };

/// Header fields in the order of arrival, in one block of memory. Names compare without case.
class Headers {
public:
    void add(std::string_view name, std::string_view value);
    /// The first field of that name, else empty.
    std::string_view get(std::string_view name) const;
    bool has(std::string_view name) const;
    std::size_t size() const { return fields_.size(); }
    std::pair<std::string_view, std::string_view> at(std::size_t i) const;

private:
    struct Field {
        std::uint32_t at;
        std::uint16_t name, value;
    };
    std::string block_;
    std::vector<Field> fields_;
};

/// The other end of an exchange in progress; lets a handler that answers late notice that nobody waits.
class Exchange {
public:
    virtual ~Exchange() = default;
    /// Calls `gone` (on the shard, at most once) when the client closes before it was answered.
    virtual void when_gone(std::function<void()> gone) = 0;
};

/// A whole request, body included. It is a value; a handler may keep it.
struct Request {
    Method method = Method::get;
    std::string target;  ///< As sent: path and query.
    std::string path;    ///< Percent-decoded.
    std::string query;   ///< Behind `?`, still encoded.
    Headers headers;
    std::string body;
    asio::ip::address remote;
    Shard* shard = nullptr;  ///< Whose thread runs the handler.
    std::shared_ptr<Exchange> exchange;

    std::string_view header(std::string_view name) const { return headers.get(name); }
    /// The value of that cookie, else nothing.
    std::optional<std::string_view> cookie(std::string_view name) const;
    /// The first query parameter of that name, decoded; else nothing.
    std::optional<std::string> query_value(std::string_view name) const;
};

/// The first parameter `name` of an encoded query string, decoded.
std::optional<std::string> query_value(std::string_view query, std::string_view name);
/// Decodes %XX, and `+` as a space when asked; nothing when malformed.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// A part of a file on disk that is sent from an open descriptor.
struct FileBody {
    std::shared_ptr<const int> fd;
    std::uint64_t offset = 0, length = 0;
};

/// An answer. Content-Length, Date and Connection are added when it is written; for HEAD the body is left
/// out.
struct Response {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::shared_ptr<const std::string> shared_body;  ///< Sent instead of `body` when set.
    std::optional<FileBody> file;                    ///< Sent instead of both when set.
    bool close = false;                              ///< Close the connection after it.

    Response() = default;
    explicit Response(unsigned s) : status(s) {}
    Response(unsigned s, std::string_view content_type, std::string text) : status(s), body(std::move(text)) {
        header("Content-Type", content_type);
    }
    Response& header(std::string_view name, std::string_view value) {
        headers.emplace_back(name, value);
        return *this;
    }
    static Response text(unsigned status, std::string text) {
        return {status, "text/plain; charset=utf-8", std::move(text)};
    }
    static Response json(unsigned status, std::string text) {
        return {status, "application/json", std::move(text)};
    }
};

/// The standard phrase of a status.
std::string_view reason_of(unsigned status);

/// Answers a request; runs on the connection's shard. An exception becomes a 500.
using Handler = std::function<Task<Response>(Request)>;

}  // namespace warren::http
