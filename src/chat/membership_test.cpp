#include "chat/membership.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace warren::chat {
namespace {

UserId user(std::uint8_t number) {
    UserId id;
    id.bytes[11] = number;
    return id;
}

Entry entry(Seq seq, EntryBody body) {
    Entry out;
    out.channel.bytes[11] = 1;
    out.seq = out.state_seq = seq;
    out.body = std::move(body);
    return out;
}

Entry created(std::vector<MemberChange> members) {
    ChannelBody body;
    body.is_group = true;
    body.name = "tea";
    body.members = std::move(members);
    return entry(1, std::move(body));
}

EntryBody random_change(std::mt19937& random) {
    MemberBody body;
    body.op = static_cast<MemberOp>(random() % 4);
    for (std::uint32_t i = 0; i <= random() % 3; ++i) {
        body.changes.push_back(
            {user(static_cast<std::uint8_t>(random() % 6)), static_cast<Role>(random() % 2)});
    }
    return body;
}

/// The rows as a store merges them. @see ports/channel_store.hpp
class Rows {
public:
    void merge(const std::vector<MemberRow>& rows) {
        for (const auto& row : rows) {
            const auto [at, is_new] = rows_.try_emplace({row.user, row.from}, row);
            if (is_new) continue;
            auto& stored = at->second;
            if (stored.to == 0) stored.to = row.to;
            if (row.role_seq > stored.role_seq) {
                stored.role = row.role;
                stored.role_seq = row.role_seq;
            }
        }
    }
    std::vector<Standing> members(Seq at) const {
        std::vector<Standing> out;
        for (const auto& [key, row] : rows_) {
            if (row.covers(at)) out.push_back({row.user, row.role, row.from});
        }
        return out;
    }

private:
    std::map<std::pair<UserId, Seq>, MemberRow> rows_;
};

TEST(Membership, RowsTellWhatTheLogTells) {
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        auto next = created({{user(1), Role::admin}, {user(3), Role::member}});
        Membership now;
        Rows rows;
        std::vector<std::vector<MemberRow>> repeats;
        for (Seq seq = 1; seq <= 30; ++seq) {
            repeats.push_back(rows_of(now, next));
            rows.merge(repeats.back());
            // Whoever projects again, late, changes nothing.
            rows.merge(repeats[random() % repeats.size()]);
            now = apply(now, next);
            ASSERT_EQ(now.state_seq, seq);
            ASSERT_EQ(rows.members(seq), now.members) << "seed " << seed << " @" << seq;
            next = entry(seq + 1, random_change(random));
        }
    }
}

TEST(Membership, TheStaysOfThePastCanStillBeTold) {
    Membership now;
    Rows rows;
    std::map<Seq, std::set<UserId>> history;
    std::mt19937 random(7);
    auto next = created({{user(1), Role::admin}});
    for (Seq seq = 1; seq <= 60; ++seq) {
        rows.merge(rows_of(now, next));
        now = apply(now, next);
        for (const auto& standing : now.members)
            history[seq].insert(standing.user);
        next = entry(seq + 1, random_change(random));
    }
    for (Seq seq = 1; seq <= 60; ++seq) {
        std::set<UserId> then;
        for (const auto& standing : rows.members(seq))
            then.insert(standing.user);
        EXPECT_EQ(then, history[seq]) << "@" << seq;
    }
}

TEST(Membership, ChangesThatDoNothingAreIgnored) {
    const auto before = apply({}, created({{user(1), Role::admin}}));
    const auto added = entry(2, MemberBody{MemberOp::added, {{user(1), Role::member}}});
    EXPECT_EQ(apply(before, added).members, before.members);
    EXPECT_TRUE(rows_of(before, added).empty());
    const auto removed = entry(2, MemberBody{MemberOp::removed, {{user(9), Role::member}}});
    EXPECT_EQ(apply(before, removed).members, before.members);
    EXPECT_TRUE(rows_of(before, removed).empty());
}

TEST(Membership, TheDocumentFollowsTheLog) {
    const auto creation = created({{user(1), Role::admin}, {user(2), Role::member}});
    const auto first = apply({}, creation);
    const auto made = document_of({}, first, creation);
    EXPECT_EQ(made.name, "tea");
    EXPECT_TRUE(made.is_group);
    EXPECT_EQ(made.member_count, 2u);
    EXPECT_EQ(made.state_seq, 1u);

    ChannelBody body;
    body.op = ChannelOp::renamed;
    body.name = "coffee";
    const auto renaming = entry(5, std::move(body));
    const auto renamed = document_of(made, apply(first, renaming), renaming);
    EXPECT_EQ(renamed.name, "coffee");
    EXPECT_EQ(renamed.member_count, 2u);
    EXPECT_EQ(renamed.state_seq, 5u);
}

TEST(Membership, SettingsSetWhatTheySayTheySet) {
    const auto creation = created({{user(1), Role::admin}});
    const auto members = apply({}, creation);
    auto document = document_of({}, members, creation);
    ChannelBody body;
    body.op = ChannelOp::settings;
    body.with_image = body.with_data = true;
    body.image = "/tea.png";
    body.data = "{}";
    document = document_of(document, members, entry(2, body));
    EXPECT_EQ(document.name, "tea");
    EXPECT_EQ(document.image, "/tea.png");
    EXPECT_EQ(document.data, "{}");
    body = {};
    body.op = ChannelOp::picture;
    document = document_of(document, members, entry(3, body));
    EXPECT_EQ(document.image, "");
    EXPECT_EQ(document.data, "{}");
}

TEST(Membership, WhoLeavesMayNameASuccessor) {
    const auto before = apply({}, created({{user(1), Role::admin}, {user(2), Role::member}}));
    const auto left = entry(2, MemberBody{MemberOp::left, {{user(1), Role::member}}, user(2)});
    const auto after = apply(before, left);
    ASSERT_EQ(after.members.size(), 1u);
    EXPECT_EQ(after.members.front(), (Standing{user(2), Role::admin, 1}));
    Rows rows;
    rows.merge(rows_of({}, created({{user(1), Role::admin}, {user(2), Role::member}})));
    rows.merge(rows_of(before, left));
    EXPECT_EQ(rows.members(2), after.members);
}

TEST(Membership, TheLongestStandingIsWhoCameFirstAndStayed) {
    auto now = apply({}, created({{user(9), Role::admin}, {user(5), Role::member}, {user(4), Role::member}}));
    EXPECT_EQ(now.longest_standing_but(user(9)), user(4)) << "of equals, the least id";
    now = apply(now, entry(2, MemberBody{MemberOp::removed, {{user(4), Role::member}}}));
    now =
        apply(now, entry(3, MemberBody{MemberOp::added, {{user(4), Role::member}, {user(1), Role::member}}}));
    EXPECT_EQ(now.longest_standing_but(user(9)), user(5)) << "who came back is new";
    EXPECT_TRUE(now.is_last_admin(user(9)));
    now = apply(now, entry(4, MemberBody{MemberOp::role, {{user(1), Role::admin}}}));
    EXPECT_FALSE(now.is_last_admin(user(9)));
    EXPECT_FALSE(now.is_last_admin(user(5)));
    EXPECT_EQ(apply({}, created({{user(1), Role::admin}})).longest_standing_but(user(1)), std::nullopt);
}

}  // namespace
}  // namespace warren::chat
