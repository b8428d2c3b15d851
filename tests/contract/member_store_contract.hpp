#pragma once
#include <gmock/gmock.h>

#include <algorithm>

#include "ports/member_store.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What every MemberStore does. @see tests/contract/port_case.hpp for how an adapter instantiates it
class MemberStoreContract : public PortContract<MemberStore> {
protected:
    static MemberKey someone() { return {fresh<ChannelId>(), fresh<UserId>()}; }
    static MemberUpdate read(MemberKey key, Seq seq, std::uint64_t count) {
        MemberUpdate out;
        out.key = key;
        out.watermark = {seq, seq, count};
        return out;
    }
    static MemberUpdate change(MemberKey key) {
        MemberUpdate out;
        out.key = key;
        return out;
    }
    void merge(std::vector<MemberUpdate> updates) {
        ASSERT_TRUE(run_task(port().merge(std::move(updates), soon())));
    }
    std::vector<MemberState> at(std::vector<MemberKey> keys) {
        auto found = run_task(port().at(std::move(keys), soon())).value();
        std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
        return found;
    }
    MemberState get(MemberKey key) {
        const auto found = at({key});
        EXPECT_EQ(found.size(), 1u);
        return found.empty() ? MemberState{} : found.front();
    }
    /// Settings without their revision, of which only the order counts.
    static MemberSettings given(MemberSettings settings) {
        settings.revision = 0;
        return settings;
    }
};

TEST_P(MemberStoreContract, ARowIsMadeByItsFirstUpdate) {
    const auto key = someone();
    EXPECT_TRUE(at({key}).empty());
    merge({read(key, 7, 5)});
    const auto stored = get(key);
    EXPECT_EQ(stored.key, key);
    EXPECT_EQ(stored.watermark, (Watermark{7, 7, 5}));
    EXPECT_EQ(stored.settings, MemberSettings{});
}

TEST_P(MemberStoreContract, WatermarksOnlyGrow) {
    const auto key = someone();
    merge({read(key, 7, 5)});
    merge({read(key, 3, 2)});
    EXPECT_EQ(get(key).watermark, (Watermark{7, 7, 5}));
    auto delivered = change(key);
    delivered.watermark.delivered = 9;
    merge({delivered});
    EXPECT_EQ(get(key).watermark, (Watermark{9, 7, 5}));
    merge({read(key, 8, 6)});
    EXPECT_EQ(get(key).watermark, (Watermark{9, 8, 6}));
}

TEST_P(MemberStoreContract, WatermarksThatArriveInAnyOrderEndAtTheGreatest) {
    const auto key = someone();
    std::vector<Task<Result<void>>> tasks;
    for (const Seq seq : {3u, 900u, 1u, 70u, 80u, 2u, 900u})
        tasks.push_back(port().merge({read(key, seq, seq - 1)}, soon()));
    for (const auto& result : run_tasks(std::move(tasks)))
        EXPECT_TRUE(result);
    EXPECT_EQ(get(key).watermark, (Watermark{900, 900, 899}));
}

TEST_P(MemberStoreContract, EverySettingIsKeptAndChangedByItself) {
    const auto key = someone();
    auto muted = change(key);
    muted.muted = true;
    merge({muted});
    auto rest = change(key);
    rest.pinned = true;
    rest.archived = true;
    rest.notify = NotifyLevel::mentions;
    rest.unread = UnreadMark{12, 9};
    merge({rest});
    MemberSettings expected{true, true, true, NotifyLevel::mentions, {12, 9}, 0};
    EXPECT_EQ(given(get(key).settings), expected);
    EXPECT_EQ(get(key).watermark, Watermark{});
    auto back = change(key);
    back.muted = false;
    back.unread = UnreadMark{};
    back.notify = NotifyLevel::none;
    merge({back});
    expected.muted = false;
    expected.unread = {};
    expected.notify = NotifyLevel::none;
    EXPECT_EQ(given(get(key).settings), expected);
}

TEST_P(MemberStoreContract, TheRevisionTellsTheLaterOfTwoSettings) {
    const auto key = someone();
    auto update = change(key);
    std::uint64_t last = 0;
    for (const bool muted : {true, false, false}) {
        update.muted = muted;
        merge({update});
        const auto revision = get(key).settings.revision;
        EXPECT_GT(revision, last);
        last = revision;
    }
    merge({read(key, 7, 5)});
    EXPECT_EQ(get(key).settings.revision, last) << "a receipt is no change of the settings";
}

TEST_P(MemberStoreContract, AReceiptAndASettingAtOnceKeepBoth) {
    const auto key = someone();
    std::vector<Task<Result<void>>> tasks;
    for (Seq seq = 1; seq <= 4; ++seq) {
        tasks.push_back(port().merge({read(key, seq, seq)}, soon()));
        auto pinned = change(key);
        pinned.pinned = true;
        tasks.push_back(port().merge({pinned}, soon()));
    }
    for (const auto& result : run_tasks(std::move(tasks)))
        EXPECT_TRUE(result);
    EXPECT_EQ(get(key).watermark, (Watermark{4, 4, 4}));
    EXPECT_TRUE(get(key).settings.pinned);
}

TEST_P(MemberStoreContract, OneCallUpdatesOldAndNewRows) {
    std::vector<MemberKey> keys;
    const auto channel = fresh<ChannelId>();
    for (int i = 0; i < 30; ++i)
        keys.push_back(i % 2 == 0 ? someone() : MemberKey{channel, fresh<UserId>()});
    merge({read(keys[0], 1, 1), read(keys[1], 2, 2)});
    std::vector<MemberUpdate> updates;
    for (const auto& key : keys)
        updates.push_back(read(key, 5, 4));
    merge(updates);
    auto expected = keys;
    std::sort(expected.begin(), expected.end());
    const auto found = at(keys);
    ASSERT_EQ(found.size(), keys.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].key, expected[i]);
        EXPECT_EQ(found[i].watermark, (Watermark{5, 5, 4}));
    }
    merge({});
}

TEST_P(MemberStoreContract, OnlyTheRowsAskedForAreRead) {
    const auto a = someone();
    const auto b = someone();
    const MemberKey crossed{a.channel, b.user};
    merge({read(a, 1, 1), read(b, 2, 2), read(crossed, 3, 3), read(someone(), 4, 4)});
    const auto found = at({b, a, {b.channel, a.user}, b});
    const auto by_key = [&](const MemberKey& key) {
        return std::count_if(found.begin(), found.end(), [&](const auto& state) { return state.key == key; });
    };
    EXPECT_EQ(found.size(), 2u);
    EXPECT_EQ(by_key(a), 1);
    EXPECT_EQ(by_key(b), 1);
    EXPECT_TRUE(at({}).empty());
}

TEST_P(MemberStoreContract, SomeOfManyAreReadHoweverManyLieBetweenThem) {
    const auto channel = fresh<ChannelId>();
    std::vector<MemberUpdate> all;
    for (Seq seq = 1; seq <= 60; ++seq)
        all.push_back(read({channel, fresh<UserId>()}, seq, seq));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    merge(all);
    for (const std::size_t apart : {1U, 2U, 5U, 29U}) {
        std::vector<MemberKey> asked;
        for (std::size_t i = 0; i < all.size(); i += apart) {
            asked.push_back(all[i].key);
            asked.push_back({channel, fresh<UserId>()});  // Nobody who is there.
        }
        const auto found = at(asked);
        ASSERT_EQ(found.size(), asked.size() / 2) << apart;
        for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_EQ(found[i].watermark, all[i * apart].watermark) << apart;
    }
}

TEST_P(MemberStoreContract, RowsOfManyChannelsAreReadInOneCall) {
    std::vector<MemberKey> keys;
    std::vector<MemberUpdate> updates;
    for (int i = 0; i < 70; ++i) {
        keys.push_back(someone());
        updates.push_back(read(keys.back(), 2, 1));
    }
    merge(updates);
    EXPECT_EQ(at(keys).size(), keys.size());
}

TEST_P(MemberStoreContract, APassedDeadlineEndsInTimedOut) {
    const auto key = someone();
    const auto merged = run_task(port().merge({read(key, 1, 1)}, past()));
    ASSERT_TRUE(merged.has_error());
    EXPECT_EQ(merged.error(), Errc::timed_out);
    const auto found = run_task(port().at({key}, past()));
    ASSERT_TRUE(found.has_error());
    EXPECT_EQ(found.error(), Errc::timed_out);
}

}  // namespace warren::testing
