#include "chat/memberships.hpp"

#include <gtest/gtest.h>

#include "chat/surroundings_test.hpp"
#include "tests/support/run_task.hpp"

namespace warren::chat {
namespace {

using std::chrono::seconds;

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

}  // namespace
}  // namespace warren::chat
