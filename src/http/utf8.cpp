#include "http/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace warren::http {
namespace {

/// The bytes of the sequence at `p`, 0 when malformed. `left` is at least 1.
std::size_t sequence_at(const unsigned char* p, std::size_t left) {
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return i < left && p[i] >= low && p[i] <= high;
    };
    const unsigned c = p[0];
    if (c < 0x80) return 1;
    if (c < 0xc2) return 0;
    if (c < 0xe0) return follows(1) ? 2 : 0;
    if (c < 0xf0) {
        const unsigned low = c == 0xe0 ? 0xa0 : 0x80, high = c == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (c > 0xf4) return 0;
    const unsigned low = c == 0xf0 ? 0x90 : 0x80, high = c == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t left = text.size();
    while (left > 0) {
        std::uint64_t word;
        if (left >= sizeof word) {
            std::memcpy(&word, p, sizeof word);
            if ((word & 0x8080808080808080ULL) == 0) {
                p += sizeof word;
                left -= sizeof word;
                continue;
            }
        }
        const auto n = sequence_at(p, left);
        if (n == 0) return false;
        p += n;
        left -= n;
    }
    return true;
}

}  // namespace warren::http
