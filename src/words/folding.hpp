#pragma once
#include <unicode/unistr.h>

#include <string>
#include <string_view>
#include <vector>

/// What tokens and queries share.
namespace warren::words {

/// What a character is to a tokenizer.
enum class CharKind { letter, single, mark, other };

/// `utf8` with everything folded that makes no difference between words.
icu::UnicodeString fold(std::string_view utf8);
/// Of a character of folded text.
CharKind kind_of(UChar32 c);

/// Collects the characters of folded text into tokens.
class Tokenizer {
public:
    /// Takes the next character.
    void take(UChar32 c);
    /// Ends the token that is being made, if any.
    void end();
    /// The tokens so far, without one that is being made.
    std::vector<std::string>& tokens() { return tokens_; }
    /// Whether the character taken last was part of a token, and that a single one.
    bool in_token() const { return !word_.isEmpty(); }
    bool in_single() const { return in_token() && single_; }

private:
    icu::UnicodeString word_;
    bool single_ = false;
    std::vector<std::string> tokens_;
};

}  // namespace warren::words
