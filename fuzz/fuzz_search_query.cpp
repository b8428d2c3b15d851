// What somebody types into a search box: whatever is accepted finds a text that says the same.
#include "fuzz/target.hpp"
#include "words/query.hpp"
#include "words/tokens.hpp"

using namespace warren;

WARREN_FUZZ_TARGET(search_query) {
    const auto tokens = words::tokens(input);
    fuzz::require(tokens.size() <= words::kTokensMax, "more tokens than allowed");
    for (const auto& token : tokens) {
        fuzz::require(!token.empty() && token.size() <= words::kTokenBytesMax, "a token of no allowed size");
    }
    const auto query = words::parse_query(input);
    if (!query) return;
    fuzz::require(query->matches(tokens), "a text does not match itself");
    const auto needles = query->needles();
    fuzz::require(needles.words.empty() != needles.prefix.empty(), "nothing to ask an index for");
}
