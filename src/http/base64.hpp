#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace warren::http {

/// RFC 4648 4, padded.
std::string base64(std::string_view bytes);
/// RFC 4648 5, not padded.
std::string base64url(std::string_view bytes);
/// Decodes the padded alphabet; padding may be missing, anything else malformed gives nothing.
std::optional<std::string> base64_decode(std::string_view text);
/// Decodes `base64url`'s text; nothing when it is not exactly what `base64url` makes.
std::optional<std::string> base64url_decode(std::string_view text);

/// `n` bytes from the kernel's random source.
std::string random_bytes(std::size_t n);

}  // namespace warren::http
