#include "ports/entry_words.hpp"

#include "words/tokens.hpp"

namespace warren {

std::string_view searched_text(const Entry& entry) {
    if (const auto* message = std::get_if<MessageBody>(&entry.body)) return message->text;
    if (const auto* edit = std::get_if<EditBody>(&entry.body)) return edit->text;
    return {};
}

std::vector<std::string> searched_words(const Entry& entry) {
    return words::distinct_tokens(searched_text(entry));
}

}  // namespace warren
