#pragma once
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "model/seq.hpp"
#include "model/time.hpp"

namespace warren {

enum class Role : std::uint8_t { member = 0, admin = 1 };
/// What a joiner may read of the time before.
enum class HistoryAccess : std::uint8_t { all = 0, since_join = 1 };

/// A conversation of two or of a group: a projection of its log. `state_seq` says of which entries.
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
