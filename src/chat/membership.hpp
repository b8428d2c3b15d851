#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "model/entry.hpp"

namespace warren::chat {

/// One person's place in a channel as of some state_seq.
struct Standing {
    UserId user;
    Role role = Role::member;
    Seq from = 0;  ///< The entry that let them in.
    friend bool operator==(const Standing&, const Standing&) = default;
};

/// Who is in a channel as of the entry `state_seq`: an immutable value, shared. Sorted by user.
struct Membership {
    Seq state_seq = 0;
    HistoryAccess history = HistoryAccess::all;
    bool is_group = false;
    std::vector<Standing> members;

    /// Null if `user` is not a member.
    const Standing* find(UserId user) const;
    /// Whether `user` is an admin, and nobody else is.
    bool is_last_admin(UserId user) const;
    /// Who of the others has been a member for the longest time without a break; of equals, the least id.
    std::optional<UserId> longest_standing_but(UserId user) const;
};
using MembershipPtr = std::shared_ptr<const Membership>;

/// `entry` for somebody who may read nothing before `floor`: an edit of an older message without its text,
/// anything else as it is.
EntryPtr shown_from(Seq floor, const EntryPtr& entry);

/// The membership right after `entry` (kind member or channel), given the one right before. Pure. A change
/// that does nothing (adding a member, removing a stranger) is ignored.
Membership apply(const Membership& before, const Entry& entry);

/// The member rows that `entry` gives rise to: new stays, ended stays (`from` of the standing before it),
/// and changed roles. Pure.
std::vector<MemberRow> rows_of(const Membership& before, const Entry& entry);

/// The channel document right after `entry`, given the one right before (default for `created`).
Channel document_of(const Channel& before, const Membership& after, const Entry& entry);

}  // namespace warren::chat
