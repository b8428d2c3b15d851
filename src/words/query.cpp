#include "words/query.hpp"

#include <unicode/uchar.h>

#include <algorithm>

#include "base/text.hpp"
#include "words/folding.hpp"

namespace warren::words {
namespace {

constexpr std::size_t kNeedlesMax = 8;

Error invalid(std::string_view what) {
    return {Errc::invalid, "\"query\" " + std::string(what)};
}

bool is_quote(UChar32 c) {
    return c == '"' || (c >= 0x201c && c <= 0x201f) || c == 0xab || c == 0xbb;
}

/// Reads folded text from its beginning to its end.
class Parser {
public:
    explicit Parser(std::size_t tokens_max) : tokens_max_(tokens_max) {}

    Result<Query> parse(const icu::UnicodeString& text) {
        for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
            WARREN_TRY_VOID(take(text.char32At(i)));
        }
        end_phrase();
        if (tokens_ > tokens_max_) {
            return Error{Errc::too_large, "\"query\" has more than " + std::to_string(tokens_max_) +
                                              " words (or characters, in a script without spaces)."};
        }
        if (query_.phrases.empty()) return invalid("must hold at least one word.");
        return std::move(query_);
    }

private:
    Result<void> take(UChar32 c) {
        if (is_quote(c)) {
            quoted_ = !quoted_;
            end_phrase();
        } else if (u_isUWhiteSpace(c) && !quoted_) {
            end_phrase();
        } else if (c == '*') {
            return open();
        } else {
            if (opened_) return invalid("may have a * only at the end of a word or phrase.");
            tokenizer_.take(c);
        }
        return {};
    }

    Result<void> open() {
        if (opened_) return {};
        if (!tokenizer_.in_token()) return invalid("may have a * only behind the beginning of a word.");
        opened_ = true;
        // Whatever follows such a character is another token.
        open_ = !tokenizer_.in_single();
        tokenizer_.end();
        if (open_ && count_chars(tokenizer_.tokens().back()) < kPrefixCharsMin) {
            return invalid("needs at least two letters before a *.");
        }
        return {};
    }

    void end_phrase() {
        tokenizer_.end();
        auto& tokens = tokenizer_.tokens();
        tokens_ += tokens.size();
        if (!tokens.empty()) query_.phrases.push_back({std::move(tokens), open_});
        tokens.clear();
        opened_ = open_ = false;
    }

    Query query_;
    Tokenizer tokenizer_;
    std::size_t tokens_max_;
    std::size_t tokens_ = 0;
    bool quoted_ = false;
    bool opened_ = false;  // A * was there.
    bool open_ = false;
};

bool stands_at(const Phrase& phrase, std::span<const std::string> tokens) {
    const auto last = phrase.tokens.size() - 1;
    for (std::size_t i = 0; i < last; ++i) {
        if (tokens[i] != phrase.tokens[i]) return false;
    }
    return phrase.open ? tokens[last].starts_with(phrase.tokens[last]) : tokens[last] == phrase.tokens[last];
}

bool holds(std::span<const std::string> tokens, const Phrase& phrase) {
    const auto size = phrase.tokens.size();
    for (std::size_t from = 0; from + size <= tokens.size(); ++from) {
        if (stands_at(phrase, tokens.subspan(from, size))) return true;
    }
    return false;
}

/// Longer ones first.
bool is_more_telling(const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
}

}  // namespace

bool Query::matches(std::span<const std::string> tokens) const {
    return std::all_of(phrases.begin(), phrases.end(),
                       [&](const Phrase& phrase) { return holds(tokens, phrase); });
}

Needles Query::needles() const {
    Needles out;
    for (const auto& phrase : phrases) {
        const auto whole = phrase.tokens.end() - (phrase.open ? 1 : 0);
        out.words.insert(out.words.end(), phrase.tokens.begin(), whole);
        if (phrase.open && phrase.tokens.back().size() > out.prefix.size()) out.prefix = phrase.tokens.back();
    }
    std::sort(out.words.begin(), out.words.end(), is_more_telling);
    out.words.erase(std::unique(out.words.begin(), out.words.end()), out.words.end());
    if (out.words.size() > kNeedlesMax) out.words.resize(kNeedlesMax);
    if (!out.words.empty()) out.prefix.clear();
    return out;
}

Result<Query> parse_query(std::string_view utf8, QueryLimits limits) {
    if (utf8.size() > limits.bytes_max) {
        return Error{Errc::too_large,
                     "\"query\" is longer than " + std::to_string(limits.bytes_max) + " bytes of UTF-8."};
    }
    return Parser(limits.tokens_max).parse(fold(utf8));
}

}  // namespace warren::words
