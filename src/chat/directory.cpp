#include "chat/directory.hpp"

#include <algorithm>

namespace warren::chat {
namespace {

User placeholder(UserId id) {
    User user;
    user.id = id;
    return user;
}

}  // namespace

Task<Result<std::vector<User>>> Directory::people(std::vector<UserId> ids, Deadline deadline) {
    auto reading = env_.users.users(ids, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    std::unordered_map<UserId, User*> by_id;
    for (auto& user : found)
        by_id[user.id] = &user;
    std::vector<User> out;
    out.reserve(ids.size());
    for (const auto& id : ids) {
        const auto at = by_id.find(id);
        out.push_back(at == by_id.end() ? placeholder(id) : *at->second);
    }
    co_return out;
}

Task<Result<std::vector<ChannelViewPtr>>> Directory::views(std::vector<std::pair<ChannelId, Seq>> channels,
                                                           Deadline deadline) {
    std::vector<ChannelId> ids;
    std::vector<MembershipPtr> memberships;
    std::vector<UserId> wanted;
    for (const auto& [channel, state_seq] : channels) {
        auto finding = memberships_.as_of(channel, state_seq, deadline);
        WARREN_CO_TRY(membership, co_await std::move(finding));
        for (const auto& standing : membership->members) {
            if (&standing - membership->members.data() >= static_cast<std::ptrdiff_t>(kMembersListed)) break;
            wanted.push_back(standing.user);
        }
        ids.push_back(channel);
        memberships.push_back(std::move(membership));
    }
    auto reading = env_.channels.channels(ids, deadline);
    WARREN_CO_TRY(documents, co_await std::move(reading));
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    auto asking = people(wanted, deadline);
    WARREN_CO_TRY(users, co_await std::move(asking));

    std::vector<ChannelViewPtr> out;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        auto view = std::make_shared<ChannelView>();
        for (auto& document : documents) {
            if (document.id == ids[i]) view->channel = document;
        }
        if (view->channel.state_seq == 0) co_return Error(Errc::unavailable);
        for (const auto& standing : memberships[i]->members) {
            if (view->members.size() == kMembersListed) break;
            const auto at = std::lower_bound(wanted.begin(), wanted.end(), standing.user) - wanted.begin();
            view->members.push_back({users[static_cast<std::size_t>(at)], standing.role});
        }
        out.push_back(std::move(view));
    }
    co_return out;
}

}  // namespace warren::chat
