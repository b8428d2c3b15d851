#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "model/seq.hpp"
#include "model/time.hpp"

namespace warren {

enum class Role : std::uint8_t { member = 0, admin = 1 };
/// What a joiner may read of the time before.
enum class HistoryAccess : std::uint8_t { all = 0, since_join = 1 };

/// What of a channel's log may go, bucket by bucket: what is older than `max_age`, and what is further back
/// than `max_messages` messages. 0: nothing goes for that reason.
struct RetentionPolicy {
    std::chrono::milliseconds max_age{0};
    std::uint64_t max_messages = 0;

    bool keeps_all() const { return max_age.count() == 0 && max_messages == 0; }
    friend bool operator==(const RetentionPolicy&, const RetentionPolicy&) = default;
};

/// Where a channel's log begins, once retention has taken buckets from it. Every number only grows.
/// @see docs/storage.md#retention
struct LogStart {
    Seq first_seq = 1;               ///< The first of a bucket: nothing before it is shown to anybody.
    std::uint64_t count_before = 0;  ///< Messages before `first_seq`.
    Seq removed_before = 1;          ///< Entries before this are gone from the store; at most `first_seq`.
    friend bool operator==(const LogStart&, const LogStart&) = default;
};

/// A conversation of two or of a group: a projection of its log. `state_seq` says of which entries. `start`
/// and `retention` are no part of that: they are only kept in the same document.
struct Channel {
    ChannelId id;
    bool is_group = false;
    std::string name;
    std::string image;
    HistoryAccess history = HistoryAccess::all;
    std::string data;  ///< The app's own JSON object as text, or empty.
    WallTime created_at{};
    WallTime updated_at{};
    Seq state_seq = 0;  ///< The newest entry of kind member or channel that this reflects.
    std::uint32_t member_count = 0;
    LogStart start;
    std::optional<RetentionPolicy> retention;  ///< The channel's own; none: the node's default holds.

    friend bool operator==(const Channel&, const Channel&) = default;
};

/// One stay of one person in one channel: a projection of the log. Rows of ended stays are kept, so that the
/// membership as of any state_seq can be told.
struct MemberRow {
    ChannelId channel;
    UserId user;
    Seq from = 0;  ///< The entry that let them in.
    Seq to = 0;    ///< The entry that put them out; 0 while they stay.
    Role role = Role::member;
    Seq role_seq = 0;  ///< The entry that gave the role.

    /// Whether the stay includes the moment right after entry `at`.
    bool covers(Seq at) const { return from <= at && (to == 0 || to > at); }
    friend bool operator==(const MemberRow&, const MemberRow&) = default;
};

inline constexpr std::string_view kPairChannelName = "New Channel";
inline constexpr std::size_t kChannelNameCharsMax = 50;
inline constexpr std::size_t kMembersMax = 10'000;

}  // namespace warren
