#include "words/tokens.hpp"

#include <unicode/uversion.h>

#include <algorithm>

#include "words/folding.hpp"

namespace warren::words {
namespace {

/// Of the rules in this folder; raised with every change to them.
constexpr int kRulesVersion = 1;

}  // namespace

std::vector<std::string> tokens(std::string_view utf8) {
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
