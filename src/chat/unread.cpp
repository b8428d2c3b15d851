#include "chat/unread.hpp"

#include <algorithm>

namespace warren::chat {

std::uint64_t count_before(const Entry& entry) {
    return entry.count - (entry.is_message() ? 1 : 0);
}

OwnState own_of(const MemberState& state, std::uint64_t joined) {
    const auto& mark = state.settings.unread;
    const auto read = mark.from != 0 ? mark.count_before : state.watermark.read_count;
    return {state.watermark, state.settings, std::max(read, joined)};
}

bool needs_joined(const MemberState& state, Seq from) {
    // Entry 1 makes the channel, and is no message.
    const auto& mark = state.settings.unread;
    return from > 1 && (mark.from != 0 ? mark.from : state.watermark.read) < from;
}

}  // namespace warren::chat
