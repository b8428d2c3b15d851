#pragma once
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace warren::http {

/// The gzip form of `bytes`; level 1 (fast) to 9 (small).
std::string gzip(std::string_view bytes, int level);
/// Whether the client takes gzip (Accept-Encoding names it, or `*`, with a q above 0).
bool accepts_gzip(const Request& request);

}  // namespace warren::http
