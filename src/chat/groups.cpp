// Who is in a group, and what it is called.
#include <algorithm>

#include "chat/chat.hpp"
#include "chat/checks.hpp"

namespace warren::chat {
namespace {

/// Whether `user` may change the group: as a member of a group, and as its admin.
Result<void> check_admin(const Membership& members, UserId user) {
    const auto* standing = members.find(user);
    if (!standing) return no_such_channel();
    if (!members.is_group) return Error(Errc::invalid, "This is a chat of two people, not a group.");
    if (standing->role == Role::admin) return {};
    return Error(Errc::forbidden, "Only an admin of the group may do that.");
}

Result<void> check_count(std::size_t people, const Limits& limits) {
    if (people == 0) return Error(Errc::invalid, "members must name somebody.");
    if (people <= limits.members_per_change_max) return {};
    return Error(Errc::too_large, "members must name at most " +
                                      std::to_string(limits.members_per_change_max) + " people at a time.");
}

Result<void> check_picture(const std::string& image, const Limits& limits) {
    if (image.size() > limits.picture_bytes_max) {
        return Error(Errc::too_large,
                     "image must be at most " + std::to_string(limits.picture_bytes_max) + " bytes long.");
    }
    if (image.empty() || image.starts_with('/') || image.starts_with("https://") ||
        image.starts_with("http://"))
        return {};
    return Error(Errc::invalid, "image must be a path that begins with / or an http(s) address.");
}

Result<void> check_update(const GroupUpdate& update, const Limits& limits) {
    if (!update.name && !update.image && !update.data)
        return Error(Errc::invalid, "There must be a name, an image or data.");
    if (update.name) WARREN_TRY_VOID(check_group_name(*update.name, limits));
    if (update.image) WARREN_TRY_VOID(check_picture(*update.image, limits));
    if (update.data) WARREN_TRY_VOID(check_data(*update.data, limits));
    return {};
}

/// Everybody once.
std::vector<MemberChange> changes_of(const std::vector<UserId>& people) {
    std::vector<MemberChange> changes;
    std::unordered_set<UserId> known;
    for (const auto& user : people) {
        if (known.insert(user).second) changes.push_back({user, Role::member});
    }
    return changes;
}

std::size_t members_among(const Membership& members, const std::vector<MemberChange>& people) {
    const auto is_member = [&](const MemberChange& change) { return members.find(change.user) != nullptr; };
    return static_cast<std::size_t>(std::count_if(people.begin(), people.end(), is_member));
}

Result<void> check_room(const Membership& members, const std::vector<MemberChange>& people, std::size_t max) {
    const auto fresh = people.size() - members_among(members, people);
    if (fresh == 0) return Error(Errc::conflict, "They are members already.");
    if (members.members.size() + fresh <= max) return {};
    return Error(Errc::too_large, "A group has at most " + std::to_string(max) + " members.");
}

Result<void> check_role(const Membership& members, UserId user, Role role) {
    const auto* standing = members.find(user);
    if (!standing) return Error(Errc::not_found, "member must be a member of the group.");
    if (standing->role == role) return Error(Errc::conflict, "They have that role already.");
    if (role == Role::admin || !members.is_last_admin(user)) return {};
    return Error(Errc::conflict, "A group needs an admin: make somebody else one first.");
}

ChannelBody body_of(GroupUpdate update) {
    ChannelBody body;
    body.op = ChannelOp::settings;
    if (!update.data && !update.image) body.op = ChannelOp::renamed;
    if (!update.data && !update.name) body.op = ChannelOp::picture;
    const bool mixed = body.op == ChannelOp::settings;
    body.with_name = mixed && update.name;
    body.with_image = mixed && update.image;
    body.with_data = mixed && update.data;
    body.name = std::move(update.name).value_or(std::string());
    body.image = std::move(update.image).value_or(std::string());
    body.data = std::move(update.data).value_or(std::string());
    return body;
}

/// The body of a `left` entry says who is admin from there on.
void name_successor(const Membership& members, EntryBody& body) {
    auto& left = std::get<MemberBody>(body);
    const auto user = left.changes.front().user;
    if (members.is_last_admin(user)) left.successor = members.longest_standing_but(user);
}

}  // namespace

Task<Result<EntryPtr>> Chat::change_group(ChannelId channel, Proposal proposal, Deadline deadline) {
    WARREN_CO_TRY_VOID(check_nonce(proposal.nonce));
    if (proposal.nonce.empty()) proposal.nonce = env_.ids.make<EntryId>(env_.clock.wall()).hex();
    auto appending = log_.append(channel, std::move(proposal), deadline);
    WARREN_CO_TRY(appended, co_await std::move(appending));
    co_return appended.entry;
}

/// Whether everybody exists. Only who may add them learns that somebody does not.
Task<Result<void>> Chat::check_people(UserId user, ChannelId channel, std::vector<UserId> people,
                                      Deadline deadline) {
    auto reading = env_.users.users(people, deadline);
    WARREN_CO_TRY(existing, co_await std::move(reading));
    if (existing.size() == people.size()) co_return Result<void>();
    auto asking = access_of(user, channel, deadline);
    WARREN_CO_TRY(access, co_await std::move(asking));
    WARREN_CO_TRY_VOID(check_admin(*access.members, user));
    co_return Error(Errc::invalid, "members holds somebody who does not exist.");
}

Task<Result<EntryPtr>> Chat::add_members(UserId user, ChannelId channel, std::vector<UserId> members,
                                         std::string nonce, Deadline deadline) {
    WARREN_CO_TRY_VOID(check_count(members.size(), env_.limits));
    MemberBody body{MemberOp::added, changes_of(members)};
    std::vector<UserId> people;
    for (const auto& change : body.changes)
        people.push_back(change.user);
    auto checking = check_people(user, channel, std::move(people), deadline);
    WARREN_CO_TRY_VOID(co_await std::move(checking));
    Proposal proposal;
    proposal.sender = user;
    proposal.nonce = std::move(nonce);
    proposal.check = [user, changes = body.changes,
                      max = env_.limits.group_members_max](const Before& before) -> Result<void> {
        WARREN_TRY_VOID(check_admin(before.members, user));
        return check_room(before.members, changes, max);
    };
    proposal.body = std::move(body);
    auto changing = change_group(channel, std::move(proposal), deadline);
    co_return co_await std::move(changing);
}

Task<Result<EntryPtr>> Chat::remove_members(UserId user, ChannelId channel, std::vector<UserId> members,
                                            std::string nonce, Deadline deadline) {
    WARREN_CO_TRY_VOID(check_count(members.size(), env_.limits));
    MemberBody body{MemberOp::removed, changes_of(members)};
    const bool oneself = std::find(members.begin(), members.end(), user) != members.end();
    Proposal proposal;
    proposal.sender = user;
    proposal.nonce = std::move(nonce);
    proposal.check = [user, oneself, changes = body.changes](const Before& before) -> Result<void> {
        WARREN_TRY_VOID(check_admin(before.members, user));
        if (oneself) return Error(Errc::invalid, "members must not hold yourself: leave the group instead.");
        if (members_among(before.members, changes) > 0) return {};
        return Error(Errc::conflict, "They are not members.");
    };
    proposal.body = std::move(body);
    auto changing = change_group(channel, std::move(proposal), deadline);
    co_return co_await std::move(changing);
}

Task<Result<EntryPtr>> Chat::set_role(UserId user, ChannelId channel, UserId member, Role role,
                                      std::string nonce, Deadline deadline) {
    Proposal proposal;
    proposal.sender = user;
    proposal.nonce = std::move(nonce);
    proposal.body = MemberBody{MemberOp::role, {{member, role}}};
    proposal.check = [user, member, role](const Before& before) -> Result<void> {
        WARREN_TRY_VOID(check_admin(before.members, user));
        return check_role(before.members, member, role);
    };
    auto changing = change_group(channel, std::move(proposal), deadline);
    co_return co_await std::move(changing);
}

Task<Result<EntryPtr>> Chat::update_group(UserId user, ChannelId channel, GroupUpdate update,
                                          std::string nonce, Deadline deadline) {
    WARREN_CO_TRY_VOID(check_update(update, env_.limits));
    Proposal proposal;
    proposal.sender = user;
    proposal.nonce = std::move(nonce);
    proposal.body = body_of(std::move(update));
    proposal.check = [user](const Before& before) { return check_admin(before.members, user); };
    auto changing = change_group(channel, std::move(proposal), deadline);
    co_return co_await std::move(changing);
}

Task<Result<EntryPtr>> Chat::leave_group(UserId user, ChannelId channel, std::string nonce,
                                         Deadline deadline) {
    Proposal proposal;
    proposal.sender = user;
    proposal.nonce = std::move(nonce);
    proposal.body = MemberBody{MemberOp::left, {{user, Role::member}}};
    proposal.complete = name_successor;
    proposal.check = [user](const Before& before) -> Result<void> {
        if (!before.members.find(user)) return no_such_channel();
        if (before.members.is_group) return {};
        return Error(Errc::invalid, "This is a chat of two people, which nobody can leave.");
    };
    auto changing = change_group(channel, std::move(proposal), deadline);
    co_return co_await std::move(changing);
}

}  // namespace warren::chat
