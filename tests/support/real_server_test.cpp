#include "tests/support/real_server.hpp"

#include <signal.h>

#include <gtest/gtest.h>

namespace warren::testing {
namespace {

using namespace std::chrono_literals;

TEST(ChildProcess, ReportsItsExitStatus) {
    ChildProcess child({{"sh", "-c", "exit $STATUS"}, {{"STATUS", "7"}}, {}});
    EXPECT_EQ(child.wait(10s), 7);
    EXPECT_FALSE(child.running());
}

TEST(ChildProcess, EndsWithItsOwner) {
    pid_t pid = -1;
    {
        ChildProcess child({{"sleep", "1000"}, {}, {}});
        pid = child.pid();
        EXPECT_TRUE(child.running());
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, IsKilledWhereItIgnoresBeingAsked) {
    TemporaryFolder folder;
    const auto log = folder.path() / "log";
    ChildProcess child({{"sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"}, {}, log});
    ASSERT_TRUE(wait_until([&] { return std::filesystem::file_size(log) > 0; }, 10s));
    EXPECT_EQ(child.terminate(100ms), 128 + SIGKILL);
}

class EveryServer : public ::testing::TestWithParam<ServerKind> {};

TEST_P(EveryServer, AnswersAgainAfterStopAndAfterCrash) {
    WARREN_REQUIRE_SERVER(GetParam());
    auto& server = RealServer::shared(GetParam());
    if (!server.is_ours()) GTEST_SKIP() << "a server given by its URL is not restarted";
    const auto url = server.url();
    server.restart();
    server.kill();
    server.start();
    EXPECT_EQ(server.url(), url);
}

INSTANTIATE_TEST_SUITE_P(Real, EveryServer,
                         ::testing::Values(ServerKind::rabbitmq, ServerKind::mongodb, ServerKind::redis));

}  // namespace
}  // namespace warren::testing
