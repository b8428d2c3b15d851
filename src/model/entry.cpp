#include "model/entry.hpp"

#include <array>

namespace warren {

Seq Entry::target() const {
    return target_of(body);
}

Seq target_of(const EntryBody& body) {
    if (const auto* edit = std::get_if<EditBody>(&body)) return edit->target;
    if (const auto* remove = std::get_if<DeleteBody>(&body)) return remove->target;
    if (const auto* react = std::get_if<ReactBody>(&body)) return react->target;
    return 0;
}

EntryBody blanked(const EntryBody& body) {
    if (std::holds_alternative<MessageBody>(body)) {
        MessageBody nothing;
        nothing.blanked = true;
        return nothing;
    }
    if (const auto* edit = std::get_if<EditBody>(&body)) return EditBody{edit->target, {}, true};
    return body;
}

bool is_blanked(const EntryBody& body) {
    if (const auto* message = std::get_if<MessageBody>(&body)) return message->blanked;
    const auto* edit = std::get_if<EditBody>(&body);
    return edit && edit->blanked;
}

std::string_view name_of(EntryKind kind) {
    constexpr std::array<std::string_view, 6> kNames{"message", "edit",   "delete",
                                                     "react",   "member", "channel"};
    return kNames.at(static_cast<std::size_t>(kind));
}

bool same_request(const EntryBody& stored, const EntryBody& asked) {
    const auto* member = std::get_if<MemberBody>(&stored);
    const auto* wanted = std::get_if<MemberBody>(&asked);
    // Who succeeds is not asked for; it follows from the members at that moment.
    if (member && wanted) return member->op == wanted->op && member->changes == wanted->changes;
    return stored == asked;
}

}  // namespace warren
