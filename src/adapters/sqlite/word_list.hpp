#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "words/query.hpp"

/// Words as columns `words` keep them: each between two zero bytes, "\0tea\0two\0", so that whether one is
/// there, or one with a prefix, is told by comparing bytes. Without words it is empty.
namespace warren::adapters::sqlite {

void add_word(std::string& list, std::string_view word);
std::string word_list(const std::vector<std::string>& words);

/// Calls `f` with each word of `list`.
template <class F>
void for_each_word(std::string_view list, F f) {
    for (std::size_t begin = 1; begin < list.size();) {
        const auto end = list.find('\0', begin);
        f(list.substr(begin, end - begin));
        begin = end == std::string_view::npos ? end : end + 1;
    }
}

/// What to look for in lists.
class WordPattern {
public:
    explicit WordPattern(const words::Needles& needles);
    explicit WordPattern(std::string_view word) : needles_{framed(word)} {}
    /// Whether `list` has all of the needles' words, or where there are none a word with their prefix.
    bool is_in(std::string_view list) const;

private:
    static std::string framed(std::string_view word);

    std::vector<std::string> needles_;
};

}  // namespace warren::adapters::sqlite
