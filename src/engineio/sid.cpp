#include "engineio/sid.hpp"

#include <algorithm>

#include "http/base64.hpp"

namespace warren::engineio {
namespace {

constexpr std::size_t kPlaceBytes = 5, kBytes = kPlaceBytes + sizeof(Sid::Secret);

}  // namespace

std::string Sid::text() const {
    const std::uint64_t place = (std::uint64_t{node} << 16) | shard;
    std::string bytes;
    bytes.reserve(kBytes);
    for (std::size_t i = kPlaceBytes; i-- > 0;)
        bytes += static_cast<char>((place >> (8 * i)) & 255);
    bytes.append(secret.data(), secret.size());
    return http::base64url(bytes);
}

Sid make_sid(std::uint32_t node, std::uint16_t shard) {
    Sid sid{node & 0xffffff, shard, {}};
    const auto random = http::random_bytes(sid.secret.size());
    std::copy(random.begin(), random.end(), sid.secret.begin());
    return sid;
}

std::optional<Sid> parse_sid(std::string_view text) {
    if (text.size() != kBytes / 3 * 4) return std::nullopt;
    const auto bytes = http::base64url_decode(text);
    if (!bytes || bytes->size() != kBytes) return std::nullopt;
    std::uint64_t place = 0;
    for (std::size_t i = 0; i < kPlaceBytes; ++i)
        place = (place << 8) | static_cast<unsigned char>((*bytes)[i]);
    Sid sid{static_cast<std::uint32_t>(place >> 16), static_cast<std::uint16_t>(place & 0xffff), {}};
    std::copy(bytes->begin() + kPlaceBytes, bytes->end(), sid.secret.begin());
    return sid;
}

}  // namespace warren::engineio
