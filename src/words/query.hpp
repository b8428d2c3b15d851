#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace warren::words {

/// How large a query may be.
struct QueryLimits {
    std::size_t bytes_max = 1'024;
    std::size_t tokens_max = 64;
};
/// Shorter beginnings of words are refused: they would find almost everything.
inline constexpr std::size_t kPrefixCharsMin = 2;

/// Tokens that stand one behind the other.
struct Phrase {
    std::vector<std::string> tokens;  ///< Never empty.
    bool open = false;                ///< Of the last one only the beginning is given.
    friend bool operator==(const Phrase&, const Phrase&) = default;
};

/// What to ask an index for: every text that matches the query holds all of `words`, or, where there are
/// none, a token that begins with `prefix`.
struct Needles {
    std::vector<std::string> words;  ///< The most telling ones, longest first, each once; at most 8.
    std::string prefix;
    friend bool operator==(const Needles&, const Needles&) = default;
};

/// What somebody looks for: texts that hold all of the phrases.
struct Query {
    std::vector<Phrase> phrases;  ///< Never empty.

    /// Whether a text with these tokens is meant.
    bool matches(std::span<const std::string> tokens) const;
    Needles needles() const;
};

/// Reads what a person typed: words that are separated by blanks, "phrases in quotes" (typographic ones too),
/// and beginnings of words or phrases, marked by a `*` at their end. A word that is several tokens ("e-mail",
/// or one of a script without spaces) is a phrase. Pure; any bytes will do.
/// @errors invalid, too_large
Result<Query> parse_query(std::string_view utf8, QueryLimits limits = {});

}  // namespace warren::words
