#pragma once
#include <cstddef>
#include <string_view>

namespace warren {

/// The code points of `text`, which is valid UTF-8.
constexpr std::size_t count_chars(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text)
        count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    return count;
}

}  // namespace warren
