#include "gateway/arguments.hpp"

#include <boost/json/value.hpp>

#include "gateway/raw_json.hpp"

namespace warren::gateway {
namespace {

/// The greatest whole number that every JSON library carries exactly.
constexpr std::uint64_t kWholeMax = (std::uint64_t{1} << 53) - 1;

Error wrong(std::string_view name, std::string_view what) {
    return {Errc::invalid, '"' + std::string(name) + "\" " + std::string(what)};
}
Error missing(std::string_view name) {
    return wrong(name, "is missing.");
}
Error not_an_id(std::string_view name) {
    return wrong(name, "must be 24 hexadecimal digits, in lower case.");
}

std::optional<std::uint64_t> whole_number(const json::value& value) {
    if (!value.is_number()) return std::nullopt;
    boost::system::error_code failed;
    const auto number = value.to_number<std::uint64_t>(failed);
    if (failed || number > kWholeMax) return std::nullopt;
    return number;
}

Result<std::string> check_text(std::string_view name, const json::value& value, TextRule rule) {
    const auto* string = value.if_string();
    if (!string) return wrong(name, "must be a string.");
    if (string->empty() && !rule.may_be_empty) return wrong(name, "must not be empty.");
    if (string->size() > rule.bytes_max) {
        return Error{Errc::too_large, '"' + std::string(name) + "\" is longer than " +
                                          std::to_string(rule.bytes_max) + " bytes of UTF-8."};
    }
    if (has_control_characters(*string, rule.lines)) {
        return wrong(name, "holds control characters; please take them out.");
    }
    return std::string(*string);
}

}  // namespace

bool has_control_characters(std::string_view utf8, bool lines) {
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto c = static_cast<unsigned char>(utf8[i]);
        const auto next = i + 1 < utf8.size() ? static_cast<unsigned char>(utf8[i + 1]) : 0;
        if (c == 0xc2 && next >= 0x80 && next < 0xa0) return true;
        if (c >= 0x20 && c != 0x7f) continue;
        const bool allowed = lines && (c == '\n' || c == '\t' || (c == '\r' && next == '\n'));
        if (!allowed) return true;
    }
    return false;
}

Result<Payload> Arguments::payload() const {
    if (args_.size() != 1) {
        return Error{Errc::invalid, "This event takes one argument, an object, and an acknowledgement; " +
                                        std::to_string(args_.size()) + " arguments came."};
    }
    const auto* object = args_[0].if_object();
    if (!object) return Error{Errc::invalid, "The argument must be an object."};
    return Payload(*object, raw_element(raw_, 1).value_or(std::string_view()));
}

Result<void> Arguments::nothing() const {
    const bool none = args_.empty() || (args_.size() == 1 && (args_[0].is_null() || args_[0].is_object()));
    if (!none) return Error{Errc::invalid, "This event takes no argument but null."};
    return {};
}

const json::value* Payload::find(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    return value && !value->is_null() ? value : nullptr;
}

Result<std::string> Payload::text(std::string_view name, TextRule rule) const {
    const auto* value = find(name);
    if (!value) return missing(name);
    return check_text(name, *value, rule);
}

Result<std::optional<std::string>> Payload::optional_text(std::string_view name, TextRule rule) const {
    const auto* value = find(name);
    if (!value) return std::optional<std::string>();
    WARREN_TRY(text, check_text(name, *value, rule));
    return std::optional<std::string>(std::move(text));
}

Result<std::string_view> Payload::hex_digits(std::string_view name) const {
    const auto* value = find(name);
    if (!value) return missing(name);
    const auto* string = value->if_string();
    if (!string || !UserId::parse(*string)) return not_an_id(name);
    return std::string_view(*string);
}

Result<std::vector<UserId>> Payload::users(std::string_view name, std::size_t count_max) const {
    const auto* value = find(name);
    if (!value) return missing(name);
    const auto* list = value->if_array();
    if (!list) return wrong(name, "must be a list of user ids.");
    if (list->size() > count_max) {
        return Error{Errc::too_large, '"' + std::string(name) + "\" names more than " +
                                          std::to_string(count_max) + " people."};
    }
    std::vector<UserId> users;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto* string = (*list)[i].if_string();
        const auto id = string ? UserId::parse(*string) : std::nullopt;
        if (!id) return not_an_id(std::string(name) + '[' + std::to_string(i) + ']');
        users.push_back(*id);
    }
    return users;
}

Result<std::vector<UserId>> Payload::optional_users(std::string_view name, std::size_t count_max) const {
    if (!find(name)) return std::vector<UserId>();
    return users(name, count_max);
}

Result<std::optional<std::uint64_t>> Payload::optional_number(std::string_view name, std::uint64_t min,
                                                              std::uint64_t max) const {
    const auto* value = find(name);
    if (!value) return std::optional<std::uint64_t>();
    const auto number = whole_number(*value);
    if (number && *number >= min && *number <= max) return number;
    std::string rule = "must be a whole number, at least " + std::to_string(min);
    if (max < kWholeMax) rule += " and at most " + std::to_string(max);
    return wrong(name, rule + '.');
}

Result<Seq> Payload::seq(std::string_view name) const {
    return number(name, 1, kWholeMax);
}

Result<std::uint64_t> Payload::number(std::string_view name, std::uint64_t min, std::uint64_t max) const {
    WARREN_TRY(number, optional_number(name, min, max));
    if (!number) return missing(name);
    return *number;
}

Result<bool> Payload::flag(std::string_view name) const {
    WARREN_TRY(value, optional_flag(name));
    if (!value) return missing(name);
    return *value;
}

Result<std::optional<bool>> Payload::optional_flag(std::string_view name) const {
    const auto* value = find(name);
    if (!value) return std::optional<bool>();
    if (!value->is_bool()) return wrong(name, "must be true or false.");
    return std::optional(value->get_bool());
}

Result<std::string> Payload::raw_object(std::string_view name, std::size_t bytes_max) const {
    const auto* value = find(name);
    if (!value) return std::string();
    if (!value->is_object()) return wrong(name, "must be an object.");
    const auto raw = raw_member(raw_, name);
    if (!raw) return Error{Errc::internal};
    if (raw->size() > bytes_max) {
        return Error{Errc::too_large, '"' + std::string(name) + "\" is longer than " +
                                          std::to_string(bytes_max) + " bytes of JSON."};
    }
    return std::string(*raw);
}

Result<std::vector<std::pair<ChannelId, Seq>>> Payload::seqs_by_channel(std::string_view name) const {
    const auto* value = find(name);
    if (!value) return missing(name);
    const auto* object = value->if_object();
    if (!object) return wrong(name, "must be an object from channel ids to the last seq known of each.");
    std::vector<std::pair<ChannelId, Seq>> seqs;
    for (const auto& member : *object) {
        const auto channel = ChannelId::parse(member.key());
        if (!channel) return not_an_id("a key of " + std::string(name));
        const auto seq = whole_number(member.value());
        if (!seq) {
            return wrong(std::string(name) + '.' + channel->hex(),
                         "must be a seq: a whole number, 0 for none.");
        }
        seqs.emplace_back(*channel, *seq);
    }
    return seqs;
}

}  // namespace warren::gateway
