#include "chat/memberships.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "chat/surroundings_test.hpp"
#include "tests/support/run_task.hpp"

namespace warren::chat {
namespace {

using std::chrono::seconds;

/// One channel, of which everything else is refused; each answer comes a few turns later.
class OneChannel final : public ChannelStore {
public:
    Task<Result<std::vector<Channel>>> channels(std::vector<ChannelId>, Deadline) override {
        ++documents_asked;
        Channel document;
        document.state_seq = 1;
        co_return std::vector{document};
    }
    Task<Result<std::vector<MemberRow>>> members(ChannelId channel, Seq, UserId, std::size_t,
                                                 Deadline) override {
        ++asked;
        for (int turn = 0; turn < 5; ++turn)
            co_await asio::post(asio::use_awaitable);
        if (away) co_return Error(Errc::unavailable);
        co_return std::vector{MemberRow{channel, {}, 1, 0, Role::admin, 1}};
    }
    Task<Result<std::vector<std::vector<MemberRow>>>> members_of(std::vector<Place> places, std::size_t limit,
                                                                 Deadline deadline) override {
        together.push_back(places.size());
        auto reading = ChannelStore::members_of(std::move(places), limit, deadline);
        co_return co_await std::move(reading);
    }
    Task<Result<ChannelId>> claim_origin(std::string, ChannelId, Deadline) override {
        return refuse<ChannelId>();
    }
    Task<Result<void>> put_channel(Channel, Deadline) override { return refuse<void>(); }
    Task<Result<void>> raise_start(ChannelId, LogStart, Deadline) override { return refuse<void>(); }
    Task<Result<void>> set_retention(ChannelId, std::optional<RetentionPolicy>, Deadline) override {
        return refuse<void>();
    }
    Task<Result<std::vector<Channel>>> list(ChannelId, std::size_t, Deadline) override {
        return refuse<std::vector<Channel>>();
    }
    Task<Result<void>> merge_members(std::vector<MemberRow>, Deadline) override { return refuse<void>(); }
    Task<Result<std::vector<MemberRow>>> stays_of(UserId, Deadline) override {
        return refuse<std::vector<MemberRow>>();
    }
    int asked = 0, documents_asked = 0;
    std::vector<std::size_t> together;
    bool away = false;

private:
    template <class T>
    static Task<Result<T>> refuse() {
        co_return Error(Errc::unavailable);
    }
};

class MembershipsTest : public ::testing::Test, protected Surroundings {
protected:
    static EntryPtr created() {
        ChannelBody body;
        body.is_group = true;
        body.members = {{{}, Role::admin}};
        Entry entry;
        entry.seq = entry.state_seq = 1;
        entry.body = std::move(body);
        return std::make_shared<const Entry>(std::move(entry));
    }
    MembershipPtr as_of(Seq state_seq) {
        return testing::run_task(memberships.as_of({}, state_seq, clock.in(seconds(1)))).value();
    }

    Environment env = with();  // No store is asked: what is looked for is cached.
    Memberships memberships{env};
};

TEST_F(MembershipsTest, WhatIsNotUsedForAWhileIsGivenUp) {
    auto making = memberships.after(created(), clock.in(seconds(1)));
    const std::weak_ptr<const Membership> kept = testing::run_task(std::move(making)).value();
    clock.steady += kMembershipsKept - seconds(1);
    memberships.forget_unused(clock.now());
    ASSERT_FALSE(kept.expired());
    EXPECT_EQ(as_of(1), kept.lock());
    clock.steady += seconds(1);
    memberships.forget_unused(clock.now());
    EXPECT_FALSE(kept.expired()) << "it was used a second ago";
    clock.steady += kMembershipsKept;
    memberships.forget_unused(clock.now());
    EXPECT_TRUE(kept.expired());
}

class MembershipsReadTest : public ::testing::Test, protected Surroundings {
protected:
    std::vector<Result<MembershipPtr>> three_at_once() {
        std::vector<Task<Result<MembershipPtr>>> asking;
        for (int i = 0; i < 3; ++i)
            asking.push_back(memberships.as_of({}, 1, clock.in(seconds(1))));
        return testing::run_tasks(std::move(asking));
    }

    OneChannel channels;
    Environment env = with(testing::none<UserStore>(), testing::none<BlockStore>(), {}, channels);
    Memberships memberships{env};
};

TEST_F(MembershipsReadTest, WhatSeveralWaitForIsReadOnce) {
    for (const auto& found : three_at_once())
        EXPECT_EQ(found.value()->members.size(), 1U);
    EXPECT_EQ(channels.asked, 1);
}

TEST_F(MembershipsReadTest, ADocumentThatIsThereIsReadAgainOnlyWhereItIsBehind) {
    Channel document;
    const auto as_of = [&] {
        return testing::run_task(memberships.as_of({}, 1, clock.in(seconds(1)), &document));
    };
    document.state_seq = 1;
    EXPECT_EQ(as_of().value()->members.size(), 1U);
    EXPECT_EQ(channels.documents_asked, 0);
    clock.steady += 2 * kMembershipsKept;
    memberships.forget_unused(clock.now());
    document.state_seq = 0;
    EXPECT_EQ(as_of().value()->members.size(), 1U);
    EXPECT_EQ(channels.documents_asked, 1);
}

class MembershipsOfSeveralTest : public MembershipsReadTest {
protected:
    MembershipsOfSeveralTest() {
        for (std::size_t i = 0; i < 3; ++i) {
            auto& document = documents.emplace_back();
            document.id.bytes.back() = static_cast<std::uint8_t>(i);
            document.state_seq = 1;
            document.member_count = 1;
        }
    }
    Task<Result<void>> load(Seq state_seq = 1) {
        std::vector<Memberships::Wanted> wanted;
        for (const auto& document : documents)
            wanted.push_back({&document, state_seq});
        return memberships.load_all(std::move(wanted), clock.in(seconds(1)));
    }
    Task<Result<MembershipPtr>> as_of(std::size_t i) {
        return memberships.as_of(documents[i].id, 1, clock.in(seconds(1)), &documents[i]);
    }

    std::vector<Channel> documents;
};

TEST_F(MembershipsOfSeveralTest, AreReadByOneCallOnce) {
    ASSERT_TRUE(testing::run_task(load()));
    ASSERT_TRUE(testing::run_task(load()));
    for (std::size_t i = 0; i < documents.size(); ++i)
        EXPECT_EQ(testing::run_task(as_of(i)).value()->members.size(), 1U);
    EXPECT_EQ(channels.together, std::vector<std::size_t>{3});
    EXPECT_EQ(channels.asked, 3);
}

TEST_F(MembershipsOfSeveralTest, WhoWantsOneMeanwhileWaitsForIt) {
    auto both = [&]() -> Task<Result<MembershipPtr>> {
        auto loading = load();
        co_await std::move(loading);
        auto finding = as_of(2);
        co_return co_await std::move(finding);
    };
    std::vector<Task<Result<MembershipPtr>>> asking;
    asking.push_back(both());
    asking.push_back(as_of(2));
    for (const auto& found : testing::run_tasks(std::move(asking)))
        EXPECT_EQ(found.value()->members.size(), 1U);
    EXPECT_EQ(channels.asked, 3);
}

TEST_F(MembershipsOfSeveralTest, OnlyThoseWhoseRowsAreThereAndFitOneRead) {
    ASSERT_TRUE(testing::run_task(load(2)));
    EXPECT_TRUE(channels.together.empty()) << "the documents are of before";
    documents[1].member_count = 1'000;
    ASSERT_TRUE(testing::run_task(load()));
    EXPECT_EQ(channels.together, std::vector<std::size_t>{2});
}

TEST_F(MembershipsOfSeveralTest, AFailureIsSaidAndLeavesNobodyWaiting) {
    channels.away = true;
    EXPECT_EQ(testing::run_task(load()).error(), Errc::unavailable);
    channels.away = false;
    EXPECT_TRUE(testing::run_task(as_of(0)));
}

TEST_F(MembershipsReadTest, WhereThatFailsEachHasAnAnswerOfTheirOwn) {
    channels.away = true;
    for (const auto& found : three_at_once())
        EXPECT_EQ(found.error(), Errc::unavailable);
    EXPECT_EQ(channels.asked, 3);
    channels.away = false;
    EXPECT_TRUE(three_at_once().front());
    EXPECT_EQ(channels.asked, 4);
}

}  // namespace
}  // namespace warren::chat
