#include "chat/directory.hpp"

#include <algorithm>
#include <unordered_map>

namespace warren::chat {
namespace {

constexpr std::size_t kRememberedMax = 20'000;
constexpr std::chrono::seconds kForgetEvery{1};

UserPtr placeholder(UserId id) {
    User user;
    user.id = id;
    return std::make_shared<const User>(std::move(user));
}

}  // namespace

Task<Result<std::vector<UserPtr>>> Directory::people(std::vector<UserId> ids, Deadline deadline) {
    std::vector<UserPtr> out;
    out.reserve(ids.size());
    std::vector<UserId> unknown;
    const auto now = env_.clock.now();
    for (const auto& id : ids) {
        const auto at = remembered_.find(id);
        const bool known = at != remembered_.end() && now < at->second.until;
        out.push_back(known ? at->second.user : nullptr);
        if (!known) unknown.push_back(id);
    }
    if (unknown.empty()) co_return out;
    std::sort(unknown.begin(), unknown.end());
    unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
    auto reading = env_.users.users(std::move(unknown), deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    std::unordered_map<UserId, UserPtr> read;
    for (auto& user : found) {
        const auto kept = std::make_shared<const User>(std::move(user));
        read.emplace(kept->id, kept);
        remember(kept);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (out[i]) continue;
        const auto at = read.find(ids[i]);
        out[i] = at == read.end() ? placeholder(ids[i]) : at->second;
    }
    co_return out;
}

void Directory::remember(UserPtr user) {
    const auto now = env_.clock.now();
    if (remembered_.size() >= kRememberedMax) remembered_.clear();
    const auto id = user->id;
    remembered_.insert_or_assign(id, Remembered{std::move(user), now + kPeopleRemembered});
}

void Directory::forget_old(SteadyTime now) {
    if (now < forgot_at_ + kForgetEvery) return;
    forgot_at_ = now;
    boost::unordered::erase_if(remembered_, [&](const auto& item) { return item.second.until <= now; });
    if (now >= views_aged_at_ + kViewsKept) {
        views_aged_at_ = now;
        kept_.age();
    }
    // An idle node keeps no table of those who came with the last storm.
    if (remembered_.empty()) remembered_ = {};
}

Task<Result<std::vector<ChannelViewPtr>>> Directory::views(std::vector<WantedView> channels,
                                                           Deadline deadline, std::size_t members_max) {
    auto reading = read_those_behind(channels, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(reading));
    std::vector<ChannelViewPtr> out;
    std::vector<std::size_t> listed;
    std::vector<Memberships::Wanted> loaded;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        const auto& [document, state_seq] = channels[i];
        out.push_back(kept(channels[i], members_max));
        const bool unlisted = document.state_seq >= state_seq && document.member_count > members_max;
        if (out.back() || unlisted) continue;
        listed.push_back(i);
        loaded.push_back({&document, state_seq});
    }
    auto loading = memberships_.load_all(std::move(loaded), deadline);
    WARREN_CO_TRY_VOID(co_await std::move(loading));
    static const auto kNone = std::make_shared<const Membership>();
    std::vector<MembershipPtr> memberships(channels.size(), kNone);
    std::vector<UserId> wanted;
    for (const auto i : listed) {
        const auto& [document, state_seq] = channels[i];
        auto finding = memberships_.as_of(document.id, state_seq, deadline, &document);
        WARREN_CO_TRY(membership, co_await std::move(finding));
        if (membership->members.size() > members_max) continue;
        for (std::size_t j = 0; j < std::min(membership->members.size(), kMembersListed); ++j)
            wanted.push_back(membership->members[j].user);
        memberships[i] = std::move(membership);
    }
    // What was behind has been mended.
    auto rereading = read_those_behind(channels, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(rereading));
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    auto asking = people(wanted, deadline);
    WARREN_CO_TRY(users, co_await std::move(asking));

    const auto until = env_.clock.now() + kViewsKept;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        if (out[i]) continue;
        auto view = std::make_shared<ChannelView>();
        view->channel = std::move(channels[i].document);
        if (view->channel.state_seq == 0) co_return Error(Errc::unavailable);
        const auto& members = memberships[i]->members;
        for (const auto& standing : members) {
            if (view->members.size() == kMembersListed) break;
            const auto at = std::lower_bound(wanted.begin(), wanted.end(), standing.user) - wanted.begin();
            view->members.push_back({users[static_cast<std::size_t>(at)], standing.role});
        }
        out[i] = std::move(view);
        const bool whole = !members.empty() && members.size() <= kMembersListed;
        if (whole) kept_.put(out[i]->channel.id, {out[i], channels[i].state_seq, until});
    }
    co_return out;
}

/// Null where it is to be put together.
ChannelViewPtr Directory::kept(const WantedView& wanted, std::size_t members_max) {
    const auto* known = kept_.find(wanted.document.id);
    const bool holds = known && known->state_seq == wanted.state_seq && env_.clock.now() < known->until &&
                       known->view->members.size() <= members_max && known->view->channel == wanted.document;
    return holds ? known->view : nullptr;
}

/// Reads the documents that are not there, or older than they are wanted.
Task<Result<void>> Directory::read_those_behind(std::vector<WantedView>& channels, Deadline deadline) {
    std::unordered_map<ChannelId, Channel*> behind;
    std::vector<ChannelId> ids;
    for (auto& [document, state_seq] : channels) {
        if (document.state_seq >= state_seq) continue;
        behind.emplace(document.id, &document);
        ids.push_back(document.id);
    }
    if (ids.empty()) co_return Result<void>();
    auto reading = env_.channels.channels(std::move(ids), deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    for (auto& document : found)
        *behind.at(document.id) = std::move(document);
    co_return Result<void>();
}

}  // namespace warren::chat
