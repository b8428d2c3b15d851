#include "words/tokens.hpp"

#include <unicode/uversion.h>

#include <algorithm>
#include <utility>

#include "words/folding.hpp"

namespace warren::words {
namespace {

/// Of the rules in this folder; raised with every change to them.
constexpr int kRulesVersion = 1;

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// The same of ASCII, without Unicode's tables: every message pays for this, and this is many times cheaper.
std::vector<std::string> tokens_of_ascii(std::string_view text) {
    std::vector<std::string> out;
    bool within = false;
    for (const char given : text) {
        const char c = lower(given);
        const bool continues = std::exchange(within, is_letter_or_digit(c));
        if (!within) continue;
        if (!continues && out.size() == kTokensMax) break;
        if (!continues) out.emplace_back();
        if (out.back().size() < kTokenBytesMax) out.back() += c;
    }
    return out;
}

}  // namespace

std::vector<std::string> tokens(std::string_view utf8) {
    if (is_ascii(utf8)) return tokens_of_ascii(utf8);
    const auto text = fold(utf8);
    Tokenizer tokenizer;
    for (std::int32_t i = 0; i < text.length() && tokenizer.tokens().size() < kTokensMax;
         i = text.moveIndex32(i, 1)) {
        tokenizer.take(text.char32At(i));
    }
    if (tokenizer.tokens().size() < kTokensMax) tokenizer.end();
    return std::move(tokenizer.tokens());
}

std::vector<std::string> distinct_tokens(std::string_view utf8) {
    auto out = tokens(utf8);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

int tokens_version() {
    UVersionInfo icu;
    u_getVersion(icu);
    return kRulesVersion * 10'000 + icu[0] * 100 + icu[1];
}

}  // namespace warren::words
