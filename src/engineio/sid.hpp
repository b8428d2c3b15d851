#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warren::engineio {

/// A session's name: where it lives, and 128 random bits that nobody guesses. As text 28 characters that fit
/// a URL.
struct Sid {
    using Secret = std::array<char, 16>;
    std::uint32_t node = 0;  ///< 24 bits.
    std::uint16_t shard = 0;
    Secret secret{};

    std::string text() const;
    friend bool operator==(const Sid&, const Sid&) = default;
};

Sid make_sid(std::uint32_t node, std::uint16_t shard);
/// Nothing unless `text` is exactly what `Sid::text` makes.
std::optional<Sid> parse_sid(std::string_view text);

}  // namespace warren::engineio
