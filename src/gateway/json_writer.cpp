#include "gateway/json_writer.hpp"

#include <array>
#include <charconv>

namespace warren::gateway {
namespace {

/// What `c` is written as inside of a string; empty: as itself.
std::string_view short_escape(char c) {
    switch (c) {
        case '"':
            return "\\\"";
        case '\\':
            return "\\\\";
        case '\n':
            return "\\n";
        case '\t':
            return "\\t";
        case '\r':
            return "\\r";
        default:
            return {};
    }
}

bool is_plain(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

}  // namespace

void append_quoted(std::string& out, std::string_view utf8) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    std::size_t from = 0;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const char c = utf8[i];
        if (is_plain(c)) continue;
        out += utf8.substr(from, i - from);
        from = i + 1;
        if (const auto escape = short_escape(c); !escape.empty()) {
            out += escape;
            continue;
        }
        out += "\\u00";
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[static_cast<unsigned char>(c) & 15];
    }
    out += utf8.substr(from);
    out += '"';
}

std::size_t quoted_bytes(std::string_view utf8) {
    std::size_t bytes = utf8.size() + 2;
    for (const char c : utf8) {
        if (!is_plain(c)) bytes += short_escape(c).empty() ? 5 : 1;
    }
    return bytes;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::string(std::string_view utf8) {
    separate();
    append_quoted(out_, utf8);
    return *this;
}

JsonWriter& JsonWriter::plain(std::string_view ascii) {
    separate();
    out_ += '"';
    out_ += ascii;
    out_ += '"';
    return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
}

void JsonWriter::separate() {
    if (comma_) out_ += ',';
    comma_ = true;
}

}  // namespace warren::gateway
