#pragma once
#include <chrono>
#include <memory>
#include <variant>

#include "model/ids.hpp"
#include "model/member_state.hpp"
#include "model/seq.hpp"
#include "model/time.hpp"

namespace warren {

/// How far somebody has got in a channel. 0: not told by this notice.
struct ReceiptNotice {
    ChannelId channel;
    UserId user;
    Seq delivered = 0;
    Seq read = 0;
    friend bool operator==(const ReceiptNotice&, const ReceiptNotice&) = default;
};

/// Somebody began or ended typing in a channel.
struct TypingNotice {
    ChannelId channel;
    UserId user;
    bool on = false;
    std::chrono::milliseconds ttl{0};  ///< An `on` that is not repeated within this has ended.
    friend bool operator==(const TypingNotice&, const TypingNotice&) = default;
};

/// Somebody is connected, or no longer.
struct PresenceNotice {
    UserId user;
    bool online = false;
    WallTime last_seen{};  ///< When they were there last, as far as is known.
    friend bool operator==(const PresenceNotice&, const PresenceNotice&) = default;
};

/// Somebody's own state in a channel changed, for their other devices.
struct StateNotice {
    ChannelId channel;
    UserId user;
    MemberSettings settings;
    std::uint64_t read_count = 0;  ///< Messages that count as read: what is unread of a head follows.
    friend bool operator==(const StateNotice&, const StateNotice&) = default;
};

/// What is told beside the logs, while it happens, and is never the truth: it may be lost.
using Notice = std::variant<ReceiptNotice, TypingNotice, PresenceNotice, StateNotice>;
using NoticePtr = std::shared_ptr<const Notice>;

}  // namespace warren
