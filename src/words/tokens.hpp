#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace warren::words {

/// Of one text at most so many tokens are made: what follows cannot be found. Bounds what one message adds to
/// an index.
inline constexpr std::size_t kTokensMax = 2'000;
/// A longer token counts by its beginning.
inline constexpr std::size_t kTokenBytesMax = 64;

/// The words of `utf8` in order, folded: compatibility forms, case and accents make no difference. In scripts
/// without spaces (Han, kana, Thai, Khmer and the like) and for emoji each character is a token of its own: a
/// word there is found as a phrase. Whatever is not a letter, digit or emoji separates. Pure; any bytes will
/// do. @see docs/storage.md#search
std::vector<std::string> tokens(std::string_view utf8);

/// `tokens` sorted, each once: what an index keeps.
std::vector<std::string> distinct_tokens(std::string_view utf8);

/// Changes whenever `tokens` may give something else for the same text: with its rules, and with the Unicode
/// tables beneath. An index made by another version must be made anew.
int tokens_version();

}  // namespace warren::words
