#pragma once
#include <gmock/gmock.h>

#include <algorithm>

#include "ports/channel_store.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What every ChannelStore does. @see tests/contract/port_case.hpp for how an adapter instantiates it
class ChannelStoreContract : public PortContract<ChannelStore> {
protected:
    static Channel channel(Seq state_seq, std::string name = "tea") {
        Channel out;
        out.id = fresh<ChannelId>();
        out.is_group = true;
        out.name = std::move(name);
        out.image = "pictures/1.png";
        out.history = HistoryAccess::since_join;
        out.data = R"({"k":{"$x":"."}})";
        out.created_at = time(1'764'000'000'001);
        out.updated_at = time(1'764'000'000'999);
        out.state_seq = state_seq;
        out.member_count = 3;
        return out;
    }
    void put(const Channel& c) { ASSERT_TRUE(run_task(port().put_channel(c, soon()))); }
    std::optional<Channel> get(ChannelId id) {
        auto found = run_task(port().channels({id}, soon())).value();
        EXPECT_LE(found.size(), 1u);
        if (found.empty()) return std::nullopt;
        return found.front();
    }
    void merge(std::vector<MemberRow> rows) {
        ASSERT_TRUE(run_task(port().merge_members(std::move(rows), soon())));
    }
    std::vector<MemberRow> members(ChannelId id, Seq at, UserId after = {}, std::size_t limit = 1000) {
        return run_task(port().members(id, at, after, limit, soon())).value();
    }
    std::vector<MemberRow> stays(UserId user) {
        auto rows = run_task(port().stays_of(user, soon())).value();
        std::sort(rows.begin(), rows.end(), [](const MemberRow& a, const MemberRow& b) {
            return std::tie(a.channel, a.from) < std::tie(b.channel, b.from);
        });
        return rows;
    }
};

TEST_P(ChannelStoreContract, TheFirstClaimOfAnOriginHolds) {
    const auto origin = "pair:" + fresh<UserId>().hex() + ":" + fresh<UserId>().hex();
    const auto mine = fresh<ChannelId>();
    const auto theirs = fresh<ChannelId>();
    EXPECT_EQ(run_task(port().claim_origin(origin, mine, soon())).value(), mine);
    EXPECT_EQ(run_task(port().claim_origin(origin, theirs, soon())).value(), mine);
    EXPECT_EQ(run_task(port().claim_origin(origin + "x", theirs, soon())).value(), theirs);
}

TEST_P(ChannelStoreContract, EverybodyWhoClaimsAtOnceGetsOneId) {
    const auto origin = "new:" + fresh<UserId>().hex() + ":Grüße$.";
    std::vector<Task<Result<ChannelId>>> tasks;
    for (int i = 0; i < 8; ++i)
        tasks.push_back(port().claim_origin(origin, fresh<ChannelId>(), soon()));
    const auto ids = run_tasks(std::move(tasks));
    for (const auto& id : ids)
        EXPECT_EQ(id.value(), ids.front().value());
}

TEST_P(ChannelStoreContract, KeepsEveryFieldOfAChannel) {
    const auto stored = channel(7, "Grüße \xF0\x9F\x90\x87");
    put(stored);
    EXPECT_EQ(get(stored.id), stored);
    Channel bare;
    bare.id = fresh<ChannelId>();
    put(bare);
    EXPECT_EQ(get(bare.id), bare);
}

TEST_P(ChannelStoreContract, OnlyANewerStateReplacesAChannel) {
    auto c = channel(5, "five");
    put(c);
    c.name = "again five";
    put(c);
    EXPECT_EQ(get(c.id)->name, "five");
    c.name = "four";
    c.state_seq = 4;
    put(c);
    EXPECT_EQ(get(c.id)->name, "five");
    c.name = "six";
    c.state_seq = 6;
    c.member_count = 9;
    put(c);
    EXPECT_EQ(get(c.id), c);
}

TEST_P(ChannelStoreContract, StatesThatArriveInAnyOrderEndInTheNewest) {
    auto c = channel(1);
    std::vector<Task<Result<void>>> tasks;
    for (const Seq seq : {3u, 9u, 1u, 7u, 8u, 2u}) {
        c.state_seq = seq;
        c.name = "state " + std::to_string(seq);
        tasks.push_back(port().put_channel(c, soon()));
    }
    for (const auto& result : run_tasks(std::move(tasks)))
        EXPECT_TRUE(result);
    EXPECT_EQ(get(c.id)->name, "state 9");
}

TEST_P(ChannelStoreContract, ReadsTheChannelsThatExist) {
    const auto a = channel(1);
    const auto b = channel(2);
    put(a);
    put(b);
    const auto found = run_task(port().channels({b.id, fresh<ChannelId>(), a.id}, soon())).value();
    EXPECT_THAT(found, ::testing::UnorderedElementsAre(a, b));
    EXPECT_TRUE(run_task(port().channels({}, soon())).value().empty());
}

TEST_P(ChannelStoreContract, WhereALogBeginsOnlyRises) {
    auto c = channel(3);
    const LogStart start{257, 200, 129};
    ASSERT_TRUE(run_task(port().raise_start(c.id, start, soon()))) << "where there is nothing to raise";
    EXPECT_FALSE(get(c.id));
    put(c);
    EXPECT_EQ(get(c.id)->start, LogStart{});
    const auto raise = [&](LogStart to) { ASSERT_TRUE(run_task(port().raise_start(c.id, to, soon()))); };
    raise(start);
    EXPECT_EQ(get(c.id)->start, start);
    raise({129, 100, 257});
    EXPECT_EQ(get(c.id)->start, (LogStart{257, 200, 257})) << "each number by itself";
    raise({});
    EXPECT_EQ(get(c.id)->start, (LogStart{257, 200, 257}));
    c.state_seq = 4;
    c.start = {385, 300, 385};
    c.retention = RetentionPolicy{std::chrono::hours(1), 7};
    put(c);
    EXPECT_EQ(get(c.id)->state_seq, 4u);
    EXPECT_EQ(get(c.id)->start, (LogStart{257, 200, 257})) << "which is not what a new state changes";
    EXPECT_EQ(get(c.id)->retention, std::nullopt);
}

TEST_P(ChannelStoreContract, AChannelsOwnRetentionIsReplaced) {
    auto c = channel(3);
    const auto set = [&](std::optional<RetentionPolicy> retention) {
        return run_task(port().set_retention(c.id, retention, soon()));
    };
    const RetentionPolicy all{};
    const RetentionPolicy month{std::chrono::days(30), 1'000};
    EXPECT_EQ(set(all).error(), Errc::not_found);
    put(c);
    EXPECT_EQ(get(c.id)->retention, std::nullopt);
    for (const auto& retention :
         {std::optional(month), std::optional(all), std::optional<RetentionPolicy>()}) {
        ASSERT_TRUE(set(retention));
        EXPECT_EQ(get(c.id)->retention, retention);
        ASSERT_TRUE(set(retention)) << "again";
    }
    ASSERT_TRUE(set(month));
    c.state_seq = 9;
    put(c);
    EXPECT_EQ(get(c.id)->retention, month);
}

TEST_P(ChannelStoreContract, ListsEveryChannelOnce) {
    std::vector<ChannelId> made;
    for (int i = 0; i < 7; ++i) {
        const auto c = channel(1);
        put(c);
        made.push_back(c.id);
    }
    std::sort(made.begin(), made.end());
    std::vector<ChannelId> listed;
    for (ChannelId after;;) {
        const auto page = run_task(port().list(after, 3, soon())).value();
        for (const auto& c : page)
            listed.push_back(c.id);
        if (page.size() < 3) break;
        after = page.back().id;
    }
    EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end()));
    EXPECT_TRUE(std::includes(listed.begin(), listed.end(), made.begin(), made.end()));
    EXPECT_EQ(std::adjacent_find(listed.begin(), listed.end()), listed.end());
    EXPECT_TRUE(run_task(port().list(listed.back(), 3, soon())).value().empty());
    EXPECT_TRUE(run_task(port().list({}, 0, soon())).value().empty());
}

TEST_P(ChannelStoreContract, AStayIsInsertedThenEndedOnce) {
    const auto id = fresh<ChannelId>();
    const auto user = fresh<UserId>();
    MemberRow row{id, user, 3, 0, Role::member, 3};
    merge({row});
    EXPECT_THAT(stays(user), ::testing::ElementsAre(row));
    auto ended = row;
    ended.to = 9;
    merge({ended});
    EXPECT_THAT(stays(user), ::testing::ElementsAre(ended));
    merge({row});
    EXPECT_THAT(stays(user), ::testing::ElementsAre(ended)) << "a repeat of an older row undid the end";
}

TEST_P(ChannelStoreContract, ARoleIsTakenFromTheNewerEntryOnly) {
    const auto user = fresh<UserId>();
    MemberRow row{fresh<ChannelId>(), user, 3, 0, Role::member, 3};
    merge({row});
    row.role = Role::admin;
    row.role_seq = 8;
    merge({row});
    EXPECT_THAT(stays(user), ::testing::ElementsAre(row));
    auto older = row;
    older.role = Role::member;
    older.role_seq = 5;
    merge({older});
    EXPECT_THAT(stays(user), ::testing::ElementsAre(row));
    older.role_seq = 8;
    merge({older});
    EXPECT_THAT(stays(user), ::testing::ElementsAre(row));
}

TEST_P(ChannelStoreContract, RowsMergeToTheSameInAnyOrderAndRepeated) {
    std::vector<int> order{0, 1, 2};
    do {
        const auto id = fresh<ChannelId>();
        const auto user = fresh<UserId>();
        const MemberRow rows[] = {{id, user, 2, 0, Role::member, 2},
                                  {id, user, 2, 0, Role::admin, 5},
                                  {id, user, 2, 7, Role::member, 2}};
        for (const int i : order)
            merge({rows[i]});
        merge({rows[order[0]]});
        const MemberRow expected{id, user, 2, 7, Role::admin, 5};
        EXPECT_THAT(stays(user), ::testing::ElementsAre(expected));
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(ChannelStoreContract, OneCallMayHoldOneRowSeveralTimes) {
    const auto id = fresh<ChannelId>();
    const auto user = fresh<UserId>();
    merge({{id, user, 2, 0, Role::member, 2},
           {id, user, 2, 0, Role::admin, 4},
           {id, user, 2, 6, Role::member, 2}});
    const MemberRow expected{id, user, 2, 6, Role::admin, 4};
    EXPECT_THAT(stays(user), ::testing::ElementsAre(expected));
    merge({});
}

TEST_P(ChannelStoreContract, MembersAreThoseWhoseStayCoversTheSeq) {
    const auto id = fresh<ChannelId>();
    const auto stays_on = fresh<UserId>();
    const auto returns = fresh<UserId>();
    const MemberRow always{id, stays_on, 1, 0, Role::admin, 1};
    const MemberRow first{id, returns, 2, 5, Role::member, 2};
    const MemberRow second{id, returns, 8, 0, Role::member, 8};
    merge({always, first, second});
    merge({{fresh<ChannelId>(), returns, 1, 0, Role::member, 1}});
    using ::testing::ElementsAre;
    EXPECT_THAT(members(id, 1), ElementsAre(always));
    EXPECT_THAT(members(id, 2), ElementsAre(always, first));
    EXPECT_THAT(members(id, 4), ElementsAre(always, first));
    EXPECT_THAT(members(id, 5), ElementsAre(always)) << "the entry that put them out ends the stay";
    EXPECT_THAT(members(id, 8), ElementsAre(always, second));
    EXPECT_EQ(stays(returns).size(), 3u);
}

TEST_P(ChannelStoreContract, MembersOfSeveralPlacesComeInTheirOrder) {
    const auto one = fresh<ChannelId>();
    const auto other = fresh<ChannelId>();
    const auto user = fresh<UserId>();
    const MemberRow ended{one, user, 1, 5, Role::admin, 1};
    const MemberRow begun{other, user, 3, 0, Role::member, 3};
    merge({ended});
    merge({begun});
    merge({{other, fresh<UserId>(), 4, 0, Role::member, 4}});
    const auto at = [&](std::vector<Place> places, std::size_t limit) {
        return run_task(port().members_of(std::move(places), limit, soon())).value();
    };
    using ::testing::ElementsAre;
    using ::testing::IsEmpty;
    EXPECT_THAT(at({{other, 3}, {one, 5}, {fresh<ChannelId>(), 1}, {one, 4}}, 9),
                ElementsAre(ElementsAre(begun), IsEmpty(), IsEmpty(), ElementsAre(ended)));
    EXPECT_THAT(at({{other, 4}}, 9), ElementsAre(::testing::SizeIs(2)));
    EXPECT_THAT(at({{other, 4}}, 1), ElementsAre(::testing::SizeIs(1)));
}

TEST_P(ChannelStoreContract, MembersComeByUserIdInPages) {
    const auto id = fresh<ChannelId>();
    std::vector<MemberRow> rows;
    for (int i = 0; i < 250; ++i)
        rows.push_back({id, fresh<UserId>(), 1, 0, Role::member, 1});
    auto shuffled = rows;
    std::reverse(shuffled.begin(), shuffled.end());
    merge(shuffled);
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.user < b.user; });

    std::vector<MemberRow> seen;
    for (UserId after; seen.size() < 1000;) {
        const auto page = members(id, 1, after, 100);
        if (page.empty()) break;
        EXPECT_LE(page.size(), 100u);
        seen.insert(seen.end(), page.begin(), page.end());
        after = page.back().user;
    }
    EXPECT_EQ(seen, rows);
}

TEST_P(ChannelStoreContract, APassedDeadlineEndsInTimedOut) {
    const auto put = run_task(port().put_channel(channel(1), past()));
    ASSERT_TRUE(put.has_error());
    EXPECT_EQ(put.error(), Errc::timed_out);
    const auto read = run_task(port().stays_of(fresh<UserId>(), past()));
    ASSERT_TRUE(read.has_error());
    EXPECT_EQ(read.error(), Errc::timed_out);
}

}  // namespace warren::testing
