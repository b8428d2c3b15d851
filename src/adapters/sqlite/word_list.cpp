#include "adapters/sqlite/word_list.hpp"

#include <algorithm>
#include <cstring>

namespace warren::adapters::sqlite {

void add_word(std::string& list, std::string_view word) {
    if (list.empty()) list += '\0';
    list += word;
    list += '\0';
}

std::string word_list(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        add_word(out, word);
    return out;
}

WordPattern::WordPattern(const words::Needles& needles) {
    for (const auto& word : needles.words)
        needles_.push_back(framed(word));
    if (needles_.empty()) needles_.push_back('\0' + needles.prefix);
}

std::string WordPattern::framed(std::string_view word) {
    std::string out;
    add_word(out, word);
    return out;
}

bool WordPattern::is_in(std::string_view list) const {
    if (list.empty()) return false;  // Of a row without words there may be no address either.
    // Not `find`, which stops at each zero byte to compare: many times slower.
    return std::all_of(needles_.begin(), needles_.end(), [list](const std::string& needle) {
        return ::memmem(list.data(), list.size(), needle.data(), needle.size()) != nullptr;
    });
}

}  // namespace warren::adapters::sqlite
