#pragma once
#include <string_view>

namespace warren::http {

/// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates). @see RFC 3629
bool is_utf8(std::string_view text);

}  // namespace warren::http
