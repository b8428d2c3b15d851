#include "adapters/rabbitmq/rabbit_fixture_test.hpp"

namespace warren::testing {
namespace {

using namespace std::chrono_literals;

class RabbitCheck : public RabbitTest {
protected:
    Result<void> check(const std::string& url, const std::string& prefix) {
        auto node = make_rabbit_node(fast_options(prefix, {{url}}));
        return run_task(node->bus->check(in(20s)));
    }
    static std::string url_with(const std::string& who, const std::string& vhost = "") {
        return "amqp://" + who + "@127.0.0.1:" + std::to_string(RealServer::rabbitmq().port()) + "/" + vhost;
    }
    static bool says(const Result<void>& result, const std::string& text) {
        return result.has_error() && result.error().message.find(text) != std::string::npos;
    }
};

TEST_F(RabbitCheck, AGoodBrokerPasses) {
    const auto checked = check(url(), prefix_);
    EXPECT_TRUE(checked) << checked.error().message;
    const auto again = check(url(), prefix_);
    EXPECT_TRUE(again) << again.error().message;
}

TEST_F(RabbitCheck, ARefusedPasswordIsSaid) {
    const auto checked = check(url_with("guest:wrong-secret"), prefix_);
    ASSERT_EQ(checked.error(), Errc::unauthenticated);
    EXPECT_TRUE(says(checked, "refused user \"guest\"")) << checked.error().message;
    EXPECT_FALSE(says(checked, "wrong-secret"));
}

TEST_F(RabbitCheck, AnUnknownVhostIsSaid) {
    const auto checked = check(url_with("guest:guest", "nowhere"), prefix_);
    ASSERT_EQ(checked.error(), Errc::not_found);
    EXPECT_TRUE(says(checked, "rabbitmqctl add_vhost \"nowhere\"")) << checked.error().message;
}

TEST_F(RabbitCheck, NoBrokerIsUnavailable) {
    const auto checked = check("amqp://guest:guest@127.0.0.1:" + std::to_string(free_port()), prefix_);
    ASSERT_EQ(checked.error(), Errc::unavailable);
    EXPECT_TRUE(says(checked, "RabbitMQ at 127.0.0.1:")) << checked.error().message;
}

TEST_F(RabbitCheck, ASilentBrokerIsNotWaitedForLongerThanTheDeadline) {
    // Accepts connections and never says a word.
    asio::io_context io;
    asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
    auto node = make_rabbit_node(
        fast_options(prefix_, {{"amqp://127.0.0.1:" + std::to_string(silent.local_endpoint().port())}}));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run_task(node->bus->check(in(300ms))).error(), Errc::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST_F(RabbitCheck, TooFewPermissionsAreSaidWhichever) {
    ctl({"add_user", "weak", "weak"});
    const auto at = url_with("weak:weak");
    auto checked = check(at, prefix_);
    EXPECT_EQ(checked.error(), Errc::forbidden);
    EXPECT_TRUE(says(checked, "set_permissions -p \"/\" \"weak\"")) << checked.error().message;
    ASSERT_TRUE(check(url(), prefix_));  // The exchanges are there from here on.
    const std::vector<std::array<std::string, 3>> too_few = {
        {"^$", ".*", ".*"}, {".*", "^amq", ".*"}, {".*", ".*", "^$"}};
    for (const auto& [configure, write, read] : too_few) {
        ctl({"set_permissions", "weak", configure, write, read});
        checked = check(at, prefix_);
        EXPECT_EQ(checked.error(), Errc::forbidden) << configure << write << read;
        EXPECT_TRUE(says(checked, "too few permissions")) << checked.error().message;
    }
    const std::string enough = "^(bus|warren\\.|amq\\.gen)";
    ctl({"set_permissions", "weak", enough, enough, enough});
    checked = check(at, prefix_);
    EXPECT_TRUE(checked) << checked.error().message;
    ctl({"delete_user", "weak"});
}

TEST_F(RabbitCheck, AnExchangeOfAnotherKindIsSaid) {
    auto link = rabbitmq::AmqpLink::open(rabbitmq::parse_broker_url(url()).value(), {}).value();
    ASSERT_TRUE(link->open_channel(1));
    ASSERT_TRUE(link->declare_exchange(1, exchange(), "topic"));
    link->close();
    const auto checked = check(url(), prefix_);
    EXPECT_EQ(checked.error(), Errc::conflict);
    EXPECT_TRUE(says(checked, exchange())) << checked.error().message;
}

TEST_F(RabbitCheck, WrongOptionsAreRefused) {
    Metrics metrics;
    auto refused = [&](RabbitOptions options) {
        const auto made = RabbitBus::make(std::move(options), metrics);
        return made.has_error() && made.error() == Errc::invalid;
    };
    EXPECT_TRUE(refused(fast_options(prefix_, {})));
    EXPECT_TRUE(refused(fast_options(prefix_, {{}})));
    EXPECT_TRUE(refused(fast_options(prefix_, {{"http://x"}})));
    EXPECT_TRUE(refused(fast_options("", {{url()}})));
    auto no_prefetch = options();
    no_prefetch.prefetch = 0;
    EXPECT_TRUE(refused(no_prefetch));
    auto no_heartbeat = options();
    no_heartbeat.heartbeat = 0s;
    EXPECT_TRUE(refused(no_heartbeat));
}

}  // namespace
}  // namespace warren::testing
