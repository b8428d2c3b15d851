#pragma once
#include <algorithm>
#include <map>
#include <unordered_map>

#include "chat/delivery.hpp"

namespace warren::chat {

/// What waits for an answer to one connection that it must not overtake.
struct Delivery::Held {
    std::vector<PushPtr> pushes;
    std::size_t bytes = 0;
    /// Once that is too much: the channels of the pushes that were dropped, with the last entry of each.
    std::unordered_map<ChannelId, Seq> dropped;
    std::vector<std::pair<ChannelId, NoticePushPtr>> notices;  ///< At most kHeldNoticesMax.
};

/// What few connections have, and not for long.
struct Delivery::Exceptions {
    /// Answers covered these channels beyond their cursors: up to here nothing is pushed again.
    std::vector<std::pair<ChannelId, Seq>> floors;
    /// Told to resync, as of an entry, and not synced yet.
    std::vector<std::pair<ChannelId, Seq>> silent;
    SteadyTime silent_since{};
    /// A client that never calls sync cannot be told that a channel is no longer its person's: the channels
    /// that it may still show although they are not.
    std::vector<ChannelId> departed;

    bool empty() const { return floors.empty() && silent.empty() && departed.empty(); }
};

/// One connection. Private to Delivery; here because its code is in several files.
struct Delivery::Local {
    std::shared_ptr<Subscriber> subscriber;
    UserId user;
    bool active = false;   ///< `connect` has resolved: pushes may go out.
    bool synced = false;   ///< It has called sync.
    bool opening = false;  ///< One of `holds` waits for the first answered read.
    int holds = 0;
    std::unique_ptr<Held> held;  ///< Null where nothing is.
    std::vector<ChannelState*> channels;
    std::unique_ptr<Exceptions> exceptions;  ///< Null where there are none.

    Exceptions& except() {
        if (!exceptions) exceptions = std::make_unique<Exceptions>();
        return *exceptions;
    }
    bool is_silent(ChannelId channel) const {
        const auto is_it = [&](const auto& told) { return told.first == channel; };
        return exceptions && std::any_of(exceptions->silent.begin(), exceptions->silent.end(), is_it);
    }
};

struct Delivery::UserState {
    std::vector<Local*> locals;
};

/// One channel with a local member.
struct Delivery::ChannelState {
    /// `state_seq` of a channel whose members have to be read before its next entry.
    static constexpr Seq kUnknown = UINT64_MAX;

    ChannelId id;
    Seq cursor = 0;     ///< The last seq delivered.
    Seq state_seq = 0;  ///< `locals` are those of this membership.
    Seq known = 0;      ///< A seq that exists, at or beyond the cursor.
    bool pumping = false;
    bool check = false;  ///< The store is to be asked for more, whether or not more is known.
    bool key_bound = false;
    bool since_join = false;  ///< Its members read nothing from before they came.
    bool unused = false;      ///< Waits in `unused_` to be erased.
    std::vector<Local*> locals;
    /// Set while entries are delivered that were missed here altogether: the members when that was found out.
    /// Of what comes up to it, each gets their present stay only; everything else they had, or never will.
    MembershipPtr missed;
    std::map<Seq, EntryPtr> stash;  ///< Entries that wait for earlier ones.
};

}  // namespace warren::chat
