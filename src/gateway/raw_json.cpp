#include "gateway/raw_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace warren::gateway {
namespace {

/// Walks over valid JSON. At the end of the text every call returns at once, so it ends on any text.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    /// The next character that is no white space, taken if it is `c`.
    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    std::string_view value() {
        skip_space();
        const auto from = at_;
        if (at_ < text_.size() && text_[at_] == '"') {
            skip_string();
        } else if (at_ < text_.size() && (text_[at_] == '{' || text_[at_] == '[')) {
            skip_nested();
        } else {
            while (at_ < text_.size() && !ends_scalar(text_[at_]))
                ++at_;
        }
        return text_.substr(from, at_ - from);
    }

private:
    static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    static bool ends_scalar(char c) { return is_space(c) || c == ',' || c == ']' || c == '}' || c == ':'; }

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_]))
            ++at_;
    }
    void skip_string() {
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == '"') {
                ++at_;
                return;
            }
        }
        at_ = text_.size();
    }
    void skip_nested() {
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                skip_string();
                continue;
            }
            ++at_;
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && --depth == 0) return;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

bool key_is(std::string_view quoted, std::string_view name) {
    if (quoted.find('\\') == std::string_view::npos) {
        return quoted.size() == name.size() + 2 && quoted.substr(1, name.size()) == name;
    }
    boost::system::error_code failed;
    const auto key = boost::json::parse(quoted, failed);
    return !failed && key.is_string() && key.get_string() == name;
}

}  // namespace

std::optional<std::string_view> raw_element(std::string_view json, std::size_t index) {
    Cursor cursor(json);
    if (!cursor.take('[')) return std::nullopt;
    for (std::size_t i = 0;; ++i) {
        const auto value = cursor.value();
        if (value.empty()) return std::nullopt;
        if (i == index) return value;
        if (!cursor.take(',')) return std::nullopt;
    }
}

std::optional<std::string_view> raw_member(std::string_view json, std::string_view name) {
    Cursor cursor(json);
    if (!cursor.take('{')) return std::nullopt;
    std::optional<std::string_view> found;
    do {
        const auto key = cursor.value();
        if (key.size() < 2 || !cursor.take(':')) return found;
        const auto value = cursor.value();
        if (key_is(key, name)) found = value;
    } while (cursor.take(','));
    return found;
}

}  // namespace warren::gateway
