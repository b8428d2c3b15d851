#include "model/entry.hpp"

#include <array>

namespace warren {

Seq Entry::target() const {
    if (const auto* edit = std::get_if<EditBody>(&body)) return edit->target;
    if (const auto* remove = std::get_if<DeleteBody>(&body)) return remove->target;
    if (const auto* react = std::get_if<ReactBody>(&body)) return react->target;
    return 0;
}

std::string_view name_of(EntryKind kind) {
    constexpr std::array<std::string_view, 6> kNames{"message", "edit",   "delete",
                                                     "react",   "member", "channel"};
    return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace warren
