#include "http/base64.hpp"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace warren::http {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Table = std::array<std::int8_t, 256>;

constexpr Table table_of(std::string_view alphabet) {
    Table table{};
    for (auto& entry : table)
        entry = -1;
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return table;
}
constexpr Table kStandardTable = table_of(kStandard);
constexpr Table kUrlTable = table_of(kUrl);

std::string encode(std::string_view bytes, std::string_view alphabet) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (have += 8; have >= 6; have -= 6)
            out += alphabet[(bits >> (have - 6)) & 63];
    }
    if (have > 0) out += alphabet[(bits << (6 - have)) & 63];
    return out;
}

std::optional<std::string> decode(std::string_view text, const Table& table) {
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : text) {
        const auto value = table[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out += static_cast<char>((bits >> have) & 255);
        }
    }
    // A lone last digit, or bits that an encoder would have left zero.
    if (have == 6 || (bits & ((1U << have) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace

std::string base64(std::string_view bytes) {
    auto out = encode(bytes, kStandard);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::string base64url(std::string_view bytes) {
    return encode(bytes, kUrl);
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 == 0) {
        if (text.ends_with("==")) {
            text.remove_suffix(2);
        } else if (text.ends_with("=")) {
            text.remove_suffix(1);
        }
    }
    return decode(text, kStandardTable);
}

std::optional<std::string> base64url_decode(std::string_view text) {
    return decode(text, kUrlTable);
}

std::string random_bytes(std::size_t n) {
    std::string out(n, '\0');
    // Up to 256 bytes getrandom neither blocks (after boot) nor returns less.
    for (std::size_t at = 0; at < n;) {
        const auto got = ::getrandom(out.data() + at, n - at, 0);
        if (got < 0) throw std::runtime_error("getrandom failed");
        at += static_cast<std::size_t>(got);
    }
    return out;
}

}  // namespace warren::http
