#pragma once
#include <cstddef>
#include <string_view>

namespace warren::chat {

/// More than any emoji that people use takes in UTF-8: a family with skin tones has 41.
inline constexpr std::size_t kEmojiBytesMax = 64;

/// Whether `text` (valid UTF-8) is one emoji and nothing else: a pictograph with or without a variation
/// selector, skin tone or tags, several of them joined, a flag, or a keycap. Which of the well-formed
/// sequences fonts have a picture of is not looked at. @see Unicode Technical Standard 51, 1.4.9
bool is_emoji(std::string_view text);

}  // namespace warren::chat
