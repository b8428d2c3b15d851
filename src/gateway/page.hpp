#pragma once
#include <string_view>

namespace warren::gateway {

/// The page at `/`: one self-contained HTML file in which one signs in and chats.
std::string_view page_html();

}  // namespace warren::gateway
