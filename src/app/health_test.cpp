#include "app/health.hpp"

#include <gtest/gtest.h>

#include "app/exit_code.hpp"

namespace warren::app {
namespace {

TEST(Health, IsReadyUnlessAPartIsDown) {
    Health health;
    EXPECT_TRUE(health.is_ready());
    health.set("store", {Condition::State::degraded, "full"});
    EXPECT_TRUE(health.is_ready());
    health.set("start", {Condition::State::down, "starting"});
    EXPECT_FALSE(health.is_ready());
    EXPECT_EQ(health.as_json(),
              "{\"ready\":false,\"parts\":{\"start\":{\"state\":\"down\",\"reason\":\"starting\"},"
              "\"store\":{\"state\":\"degraded\",\"reason\":\"full\"}}}\n");
    health.set("start", {});
    EXPECT_TRUE(health.is_ready());
}

TEST(Health, AsksProbesEachTime) {
    Health health;
    int asked = 0;
    health.watch("store", [&] {
        return Condition{++asked > 1 ? Condition::State::down : Condition::State::ok, ""};
    });
    EXPECT_TRUE(health.is_ready());
    EXPECT_FALSE(health.is_ready());
}

TEST(ExitCode, EveryErrorHasOneThatIsNoSuccess) {
    for (const auto& row : all_errcs())
        EXPECT_NE(exit_of(row.code), Exit::ok) << row.wire_name;
    EXPECT_EQ(exit_of(Errc::conflict), Exit::refused);
    EXPECT_EQ(exit_of(Errc::unavailable), Exit::unavailable);
}

}  // namespace
}  // namespace warren::app
