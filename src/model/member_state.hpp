#pragma once
#include <optional>

#include "model/ids.hpp"
#include "model/seq.hpp"

namespace warren {

/// How far somebody has come in a channel, over all their devices. Every number only grows.
struct Watermark {
    Seq delivered = 0;
    Seq read = 0;
    std::uint64_t read_count = 0;  ///< The `count` of the entry `read`.
    friend bool operator==(const Watermark&, const Watermark&) = default;
};

/// Of what one's devices make a noise; the server only keeps it.
enum class NotifyLevel : std::uint8_t { all = 0, mentions = 1, none = 2 };

/// Messages from `from` on count as unread, whatever was read. `from` 0: no such mark.
struct UnreadMark {
    Seq from = 0;
    std::uint64_t count_before = 0;  ///< The `count` of the entry before `from`.
    friend bool operator==(const UnreadMark&, const UnreadMark&) = default;
};

/// What somebody has set for a channel, for themselves.
struct MemberSettings {
    bool muted = false;
    bool pinned = false;
    bool archived = false;
    NotifyLevel notify = NotifyLevel::all;
    UnreadMark unread;
    std::uint64_t revision = 0;  ///< Greater after every change: of two states the later one.
    friend bool operator==(const MemberSettings&, const MemberSettings&) = default;
};

struct MemberKey {
    ChannelId channel;
    UserId user;
    friend auto operator<=>(const MemberKey&, const MemberKey&) = default;
};

/// What is kept of one person in one channel beside the log, whether or not they are in it (any more).
struct MemberState {
    MemberKey key;
    Watermark watermark;
    MemberSettings settings;
    friend bool operator==(const MemberState&, const MemberState&) = default;
};

/// A change of a MemberState: the watermark is merged, what is given of the settings replaces what was.
struct MemberUpdate {
    MemberKey key;
    Watermark watermark;
    std::optional<bool> muted;
    std::optional<bool> pinned;
    std::optional<bool> archived;
    std::optional<NotifyLevel> notify;
    std::optional<UnreadMark> unread;

    bool changes_settings() const { return muted || pinned || archived || notify || unread; }
};

/// `state` after `update`, its revision raised where settings are given. Pure.
MemberState apply(MemberState state, const MemberUpdate& update);

}  // namespace warren
