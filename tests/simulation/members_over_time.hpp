#pragma once
#include <map>
#include <set>
#include <vector>

#include "model/channel.hpp"
#include "model/entry.hpp"

namespace warren::simulation {

/// Who was in a channel when, told from its log alone, in the simplest way there is: what chat/membership is
/// compared with.
class MembersOverTime {
public:
    MembersOverTime() = default;
    explicit MembersOverTime(const std::vector<EntryPtr>& log) {
        std::map<UserId, Seq> now;
        std::set<UserId> admins;
        for (const auto& entry : log) {
            if (const auto* body = std::get_if<ChannelBody>(&entry->body))
                create(now, admins, *body, entry->seq);
            if (const auto* body = std::get_if<MemberBody>(&entry->body))
                change(now, admins, *body, entry->seq);
            after_[entry->seq] = now;
            admins_[entry->seq] = admins;
        }
    }

    bool contains(UserId user, Seq after) const { return joined_at(user, after) != 0; }
    /// The entry by which the stay began that `user` is in right after entry `after`; 0: in none.
    Seq joined_at(UserId user, Seq after) const {
        const auto members = after_.find(after);
        if (members == after_.end()) return 0;
        const auto member = members->second.find(user);
        return member == members->second.end() ? 0 : member->second;
    }
    /// Whether `user` was a member at every moment from right after `from` to right after `to`.
    bool throughout(UserId user, Seq from, Seq to) const {
        for (Seq seq = from; seq <= to; ++seq) {
            if (!contains(user, seq)) return false;
        }
        return true;
    }
    bool since_join() const { return since_join_; }
    bool is_admin(UserId user, Seq after) const {
        const auto admins = admins_.find(after);
        return admins != admins_.end() && admins->second.contains(user);
    }
    /// Whether there are members right after entry `after`, but no admin among them.
    bool is_orphaned(Seq after) const { return !after_.at(after).empty() && admins_.at(after).empty(); }

private:
    void create(std::map<UserId, Seq>& now, std::set<UserId>& admins, const ChannelBody& body, Seq seq) {
        if (body.op != ChannelOp::created) return;
        since_join_ = body.history == HistoryAccess::since_join;
        for (const auto& member : body.members) {
            now[member.user] = seq;
            if (member.role == Role::admin) admins.insert(member.user);
        }
    }
    static void change(std::map<UserId, Seq>& now, std::set<UserId>& admins, const MemberBody& body,
                       Seq seq) {
        for (const auto& member : body.changes) {
            if (body.op == MemberOp::added) now.try_emplace(member.user, seq);
            if (body.op == MemberOp::role && member.role == Role::admin) admins.insert(member.user);
            if (body.op == MemberOp::role && member.role == Role::member) admins.erase(member.user);
            if (body.op != MemberOp::removed && body.op != MemberOp::left) continue;
            now.erase(member.user);
            admins.erase(member.user);
        }
        if (body.successor) admins.insert(*body.successor);
    }

    std::map<Seq, std::map<UserId, Seq>> after_;
    std::map<Seq, std::set<UserId>> admins_;
    bool since_join_ = false;
};

}  // namespace warren::simulation
