#pragma once
#include <array>
#include <string>
#include <vector>

#include "base/flat_map.hpp"
#include "base/lately_used.hpp"
#include "chat/environment.hpp"
#include "chat/memberships.hpp"

namespace warren::chat {

using UserPtr = std::shared_ptr<const User>;  ///< Never null.

/// A member as a person.
struct MemberView {
    UserPtr user;  ///< A placeholder with only the id where the person no longer exists.
    Role role = Role::member;
};

/// A channel with its first members.
struct ChannelView {
    Channel channel;
    std::vector<MemberView> members;  ///< By user id, at most the number asked for.
    /// What was written of the members, in either detail, for whoever is given the same view next. Nothing in
    /// chat/ looks at it.
    mutable std::array<std::string, 2> texts = {};
};
using ChannelViewPtr = std::shared_ptr<const ChannelView>;

/// Section A lists at most so many members of a channel. @see docs/protocol.md
inline constexpr std::size_t kMembersListed = 100;

/// A name or a picture that was changed may be shown for as long as both of these together.
inline constexpr std::chrono::seconds kPeopleRemembered{5};
inline constexpr std::chrono::seconds kViewsKept{5};

/// A channel to be shown as of `state_seq`. Of a document that was not read yet there is only the id.
struct WantedView {
    Channel document;
    Seq state_seq = 0;
};

/// Turns ids into what people see. On the chat executor only.
class Directory {
public:
    Directory(Environment& env, Memberships& memberships) : env_(env), memberships_(memberships) {}

    /// The channels and their first kMembersListed members, in the order asked. Of channels with more than
    /// `members_max` members, none. As they were at most kViewsKept ago, but for what the document says.
    Task<Result<std::vector<ChannelViewPtr>>> views(std::vector<WantedView> channels, Deadline deadline,
                                                    std::size_t members_max = SIZE_MAX);

    /// People by id, in the order asked; placeholders for those who no longer exist. As they were at most
    /// kPeopleRemembered ago: who comes back with everybody else reads the same people as everybody else.
    Task<Result<std::vector<UserPtr>>> people(std::vector<UserId> ids, Deadline deadline);

    /// Gives up what is remembered of people for too long to be shown. Does little where called often.
    void forget_old(SteadyTime now);

private:
    struct Kept {
        ChannelViewPtr view;  ///< With all members.
        Seq state_seq = 0;
        SteadyTime until;
    };
    struct Remembered {
        UserPtr user;
        SteadyTime until;
    };

    void remember(UserPtr user);
    ChannelViewPtr kept(const WantedView& wanted, std::size_t members_max);
    Task<Result<void>> read_those_behind(std::vector<WantedView>& channels, Deadline deadline);

    Environment& env_;
    Memberships& memberships_;
    FlatMap<UserId, Remembered> remembered_;
    LatelyUsed<ChannelId, Kept> kept_{512};
    SteadyTime forgot_at_{};
    SteadyTime views_aged_at_{};
};

}  // namespace warren::chat
