#pragma once
#include "model/entry.hpp"
#include "model/member_state.hpp"

namespace warren::chat {

/// One's own place in a channel: `read_count` messages count as read, so unread = a head's count -
/// read_count. @see docs/decisions/0057-unread.md
struct OwnState {
    Watermark watermark;
    MemberSettings settings;
    std::uint64_t read_count = 0;
};

/// The messages before `entry`.
std::uint64_t count_before(const Entry& entry);

/// What `state` says to its person, whose present stay began at an entry with the count `joined`: what was
/// there before counts as read. Pure.
OwnState own_of(const MemberState& state, std::uint64_t joined);

/// Whether `own_of` needs the count at `from`, the entry that let the person in: else 0 does.
bool needs_joined(const MemberState& state, Seq from);

}  // namespace warren::chat
