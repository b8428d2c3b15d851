#include "gateway/json_writer.hpp"

#include <array>
#include <charconv>
#include <cstring>

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

constexpr std::uint64_t each_byte(std::uint64_t value) {
    return value * 0x0101010101010101;
}
/// Whether one of the bytes of `word` is less than `n`, at most 128.
constexpr bool has_byte_below(std::uint64_t word, std::uint64_t n) {
    return ((word - each_byte(n)) & ~word & each_byte(0x80)) != 0;
}

/// The place of the first character at or after `from` that must be escaped, or the end. Eight at a time:
/// most texts have none.
std::size_t find_special(std::string_view utf8, std::size_t from) {
    for (; from + sizeof(std::uint64_t) <= utf8.size(); from += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, utf8.data() + from, sizeof(word));
        if (has_byte_below(word, 0x20) || has_byte_below(word ^ each_byte('"'), 1) ||
            has_byte_below(word ^ each_byte('\\'), 1)) {
            break;
        }
    }
    while (from < utf8.size() && is_plain(utf8[from]))
        ++from;
    return from;
}

}  // namespace

void append_quoted(std::string& out, std::string_view utf8) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (std::size_t from = 0;;) {
        const auto special = find_special(utf8, from);
        out += utf8.substr(from, special - from);
        if (special == utf8.size()) break;
        from = special + 1;
        const char c = utf8[special];
        if (const auto escape = short_escape(c); !escape.empty()) {
            out += escape;
            continue;
        }
        out += "\\u00";
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[static_cast<unsigned char>(c) & 15];
    }
    out += '"';
}

std::size_t quoted_bytes(std::string_view utf8) {
    std::size_t bytes = utf8.size() + 2;
    for (auto at = find_special(utf8, 0); at < utf8.size(); at = find_special(utf8, at + 1))
        bytes += short_escape(utf8[at]).empty() ? 5 : 1;
    return bytes;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    quote();
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
    quote();
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

/// Begins a string.
void JsonWriter::quote() {
    out_ += comma_ ? std::string_view(",\"") : std::string_view("\"");
    comma_ = true;
}

void JsonWriter::separate() {
    if (comma_) out_ += ',';
    comma_ = true;
}

}  // namespace warren::gateway
