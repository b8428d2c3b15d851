#include "chat/directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/surroundings_test.hpp"
#include "tests/support/refusing_user_store.hpp"
#include "tests/support/run_task.hpp"

namespace warren::chat {
namespace {

using std::chrono::seconds;

/// Everybody exists but for the one of all zeros.
class Everybody final : public testing::RefusingUserStore {
public:
    Task<Result<std::vector<User>>> users(std::vector<UserId> ids, Deadline) override {
        asked.push_back(ids.size());
        if (away) co_return Error(Errc::unavailable);
        std::vector<User> out;
        for (const auto& id : ids) {
            if (id == UserId{}) continue;
            auto& user = out.emplace_back();
            user.id = id;
            user.name = name;
        }
        co_return out;
    }
    std::string name = "Ann";
    bool away = false;
    std::vector<std::size_t> asked;  ///< How many people, by call.
};

class DirectoryTest : public ::testing::Test, protected Surroundings {
protected:
    static UserId person(std::uint8_t n) {
        UserId out;
        out.bytes[11] = n;
        return out;
    }
    Result<std::vector<UserPtr>> people(std::vector<UserId> wanted) {
        return testing::run_task(directory.people(std::move(wanted), clock.in(seconds(1))));
    }
    std::vector<std::string> names(std::vector<UserId> wanted) {
        std::vector<std::string> out;
        for (const auto& user : people(std::move(wanted)).value())
            out.push_back(user->name);
        return out;
    }

    Everybody store;
    Environment env = with(store);
    Memberships memberships{env};
    Directory directory{env, memberships};
};

TEST_F(DirectoryTest, PeopleComeInTheOrderAskedAndAreReadOnce) {
    const auto found = people({person(2), person(1), person(2)}).value();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0]->id, person(2));
    EXPECT_EQ(found[1]->id, person(1));
    EXPECT_EQ(found[2]->id, person(2));
    EXPECT_THAT(store.asked, ::testing::ElementsAre(2));
}

TEST_F(DirectoryTest, PeopleAreRememberedForAWhile) {
    EXPECT_THAT(names({person(1), person(2)}), ::testing::ElementsAre("Ann", "Ann"));
    store.name = "Anna";
    clock.steady += kPeopleRemembered - seconds(1);
    EXPECT_THAT(names({person(1), person(3)}), ::testing::ElementsAre("Ann", "Anna"));
    EXPECT_THAT(store.asked, ::testing::ElementsAre(2, 1)) << "only who was not known";
    clock.steady += seconds(1);
    EXPECT_THAT(names({person(1), person(3)}), ::testing::ElementsAre("Anna", "Anna"));
    EXPECT_THAT(store.asked, ::testing::ElementsAre(2, 1, 1));
}

TEST_F(DirectoryTest, WhatIsTooOldToBeShownIsGivenUp) {
    const std::weak_ptr<const User> remembered = people({person(1)}).value().front();
    directory.forget_old(clock.now());
    EXPECT_FALSE(remembered.expired());
    clock.steady += kPeopleRemembered;
    directory.forget_old(clock.now());
    EXPECT_TRUE(remembered.expired());
}

TEST_F(DirectoryTest, WhoDoesNotExistHasOnlyAnIdAndIsLookedForAgain) {
    EXPECT_THAT(names({UserId{}}), ::testing::ElementsAre(""));
    EXPECT_THAT(names({UserId{}}), ::testing::ElementsAre(""));
    EXPECT_THAT(store.asked, ::testing::ElementsAre(1, 1)) << "they may have come meanwhile";
}

TEST_F(DirectoryTest, AStoreThatIsAwayIsSaidSoUnlessAllAreKnown) {
    EXPECT_TRUE(people({person(1)}));
    store.away = true;
    EXPECT_TRUE(people({person(1)}));
    EXPECT_EQ(people({person(1), person(2)}).error(), Errc::unavailable);
}

class ViewsTest : public DirectoryTest {
protected:
    /// The view of a group that person 1 has made.
    ChannelViewPtr view(std::size_t members_max = SIZE_MAX) {
        auto viewing = directory.views({{document, 1}}, clock.in(seconds(1)), members_max);
        return testing::run_task(std::move(viewing)).value().front();
    }
    void SetUp() override {
        ChannelBody body;
        body.members = {{person(1), Role::admin}};
        Entry created;
        created.seq = created.state_seq = 1;
        created.body = std::move(body);
        auto making = memberships.after(std::make_shared<const Entry>(created), clock.in(seconds(1)));
        ASSERT_TRUE(testing::run_task(std::move(making)));
        document.state_seq = document.member_count = 1;
        document.is_group = true;
    }

    Channel document;
};

TEST_F(ViewsTest, OneIsPutTogetherForAllWhoAskSoon) {
    const auto first = view();
    EXPECT_EQ(first->members.at(0).user->name, "Ann");
    store.name = "Anna";
    clock.steady += kViewsKept - seconds(1);
    EXPECT_EQ(view(), first);
    clock.steady += seconds(1);
    EXPECT_EQ(view()->members.at(0).user->name, "Anna");
}

TEST_F(ViewsTest, AChangeOfTheDocumentIsSeenAtOnce) {
    EXPECT_EQ(view()->channel.name, "");
    document.name = "tea";
    EXPECT_EQ(view()->channel.name, "tea");
}

TEST_F(ViewsTest, NoMembersAreListedWhereThereAreTooMany) {
    EXPECT_EQ(view()->members.size(), 1U);
    EXPECT_THAT(view(0)->members, ::testing::IsEmpty());
    EXPECT_EQ(view()->members.size(), 1U);
}

}  // namespace
}  // namespace warren::chat
