#include "chat/membership.hpp"

#include <algorithm>

#include "chat/rules.hpp"

namespace warren::chat {
namespace {

auto place_of(const std::vector<Standing>& members, UserId user) {
    return std::lower_bound(members.begin(), members.end(), user,
                            [](const Standing& standing, UserId id) { return standing.user < id; });
}

void add(std::vector<Standing>& members, const MemberChange& change, Seq seq) {
    const auto at = place_of(members, change.user);
    if (at != members.end() && at->user == change.user) return;
    members.insert(at, {change.user, change.role, seq});
}

void remove(std::vector<Standing>& members, UserId user) {
    const auto at = place_of(members, user);
    if (at != members.end() && at->user == user) members.erase(at);
}

void give_role(std::vector<Standing>& members, UserId user, Role role) {
    const auto at = place_of(members, user);
    if (at == members.end() || at->user != user) return;
    members[static_cast<std::size_t>(at - members.begin())].role = role;
}

void apply_created(Membership& out, const ChannelBody& body, Seq seq) {
    out.history = body.history;
    out.is_group = body.is_group;
    for (const auto& change : body.members)
        out.members.push_back({change.user, change.role, seq});
    std::sort(out.members.begin(), out.members.end(),
              [](const auto& a, const auto& b) { return a.user < b.user; });
}

bool is_admin(const Standing& standing) {
    return standing.role == Role::admin;
}

}  // namespace

EntryPtr shown_from(Seq floor, const EntryPtr& entry) {
    const bool hides = std::holds_alternative<EditBody>(entry->body) && entry->target() < floor;
    if (!hides || !on(Rule::hide_from_joiners)) return entry;
    Entry hidden = *entry;
    hidden.body = blanked(entry->body);
    return std::make_shared<const Entry>(std::move(hidden));
}

const Standing* Membership::find(UserId user) const {
    const auto at = place_of(members, user);
    return at != members.end() && at->user == user ? &*at : nullptr;
}

bool Membership::is_last_admin(UserId user) const {
    const auto* standing = find(user);
    return standing && is_admin(*standing) && std::count_if(members.begin(), members.end(), is_admin) == 1;
}

std::optional<UserId> Membership::longest_standing_but(UserId user) const {
    const Standing* found = nullptr;
    for (const auto& standing : members) {
        if (standing.user != user && (!found || standing.from < found->from)) found = &standing;
    }
    return found ? std::optional(found->user) : std::nullopt;
}

Membership apply(const Membership& before, const Entry& entry) {
    Membership out = before;
    out.state_seq = entry.seq;
    if (const auto* body = std::get_if<ChannelBody>(&entry.body)) {
        if (body->op == ChannelOp::created) apply_created(out, *body, entry.seq);
        return out;
    }
    const auto& body = std::get<MemberBody>(entry.body);
    for (const auto& change : body.changes) {
        switch (body.op) {
            case MemberOp::added:
                add(out.members, change, entry.seq);
                break;
            case MemberOp::removed:
            case MemberOp::left:
                remove(out.members, change.user);
                break;
            case MemberOp::role:
                give_role(out.members, change.user, change.role);
                break;
        }
    }
    if (body.successor) give_role(out.members, *body.successor, Role::admin);
    return out;
}

std::vector<MemberRow> rows_of(const Membership& before, const Entry& entry) {
    const Membership after = apply(before, entry);
    std::vector<MemberRow> rows;
    for (const auto& now : after.members) {
        const auto* earlier = before.find(now.user);
        if (earlier && *earlier == now) continue;
        rows.push_back({entry.channel, now.user, now.from, 0, now.role, entry.seq});
    }
    for (const auto& earlier : before.members) {
        if (after.find(earlier.user)) continue;
        rows.push_back({entry.channel, earlier.user, earlier.from, entry.seq, earlier.role, earlier.from});
    }
    return rows;
}

Channel document_of(const Channel& before, const Membership& after, const Entry& entry) {
    Channel out = before;
    out.id = entry.channel;
    out.state_seq = entry.seq;
    out.updated_at = entry.at;
    out.member_count = static_cast<std::uint32_t>(after.members.size());
    const auto* body = std::get_if<ChannelBody>(&entry.body);
    if (!body) return out;
    if (body->op == ChannelOp::created) {
        out.is_group = body->is_group;
        out.history = body->history;
        out.created_at = entry.at;
    }
    if (body->sets_name()) out.name = body->name;
    if (body->sets_image()) out.image = body->image;
    if (body->sets_data()) out.data = body->data;
    return out;
}

}  // namespace warren::chat
