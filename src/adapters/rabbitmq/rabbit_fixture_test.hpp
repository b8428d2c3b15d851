#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "adapters/rabbitmq/amqp_link.hpp"
#include "adapters/rabbitmq/broker_proxy_test.hpp"
#include "adapters/rabbitmq/rabbit_bus.hpp"
#include "tests/contract/bus_node.hpp"
#include "tests/support/real_server.hpp"

namespace warren::testing {

/// A RabbitBus with its own metrics.
struct RabbitNode {
    Metrics metrics;
    std::unique_ptr<RabbitBus> bus;

    /// A counter or gauge without labels; 0 where it is not there.
    double metric(const std::string& name) const {
        const auto text = "\n" + metrics.expose();
        const auto at = text.find("\n" + name + " ");
        return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
    }
};

inline RabbitOptions fast_options(const std::string& prefix,
                                  std::vector<std::vector<std::string>> partitions) {
    RabbitOptions options;
    options.partitions = std::move(partitions);
    options.exchange_prefix = prefix;
    options.pause_max = std::chrono::milliseconds(300);
    return options;
}

inline std::shared_ptr<RabbitNode> make_rabbit_node(RabbitOptions options) {
    auto node = std::make_shared<RabbitNode>();
    auto made = RabbitBus::make(std::move(options), node->metrics);
    if (made.has_error()) throw std::runtime_error(made.error().message);
    node->bus = std::move(*made);
    return node;
}

/// The node as the bus that it is.
inline std::shared_ptr<MessageBus> as_bus(const std::shared_ptr<RabbitNode>& node) {
    return std::shared_ptr<MessageBus>(node, node->bus.get());
}

/// Nodes on the program's broker, each test with exchanges of its own.
class RabbitTest : public ::testing::Test {
protected:
    /// A node whose `rabbit` shows the adapter behind `node`.
    struct Node {
        std::shared_ptr<RabbitNode> rabbit;
        std::unique_ptr<BusNode> node;
        BusNode* operator->() const { return node.get(); }
    };

    void SetUp() override { WARREN_REQUIRE_SERVER(ServerKind::rabbitmq); }

    static std::string url() { return RealServer::rabbitmq().url(); }
    RabbitOptions options(std::size_t partitions = 1) const {
        return fast_options(prefix_, std::vector<std::vector<std::string>>(partitions, {url()}));
    }
    RabbitOptions options_by(const BrokerProxy& proxy) const {
        return fast_options(prefix_, {{proxy.url()}});
    }
    static Node make(RabbitOptions options) {
        auto rabbit = make_rabbit_node(std::move(options));
        auto node = std::make_unique<BusNode>(as_bus(rabbit));
        return {std::move(rabbit), std::move(node)};
    }
    static Node start(RabbitOptions options) {
        auto made = make(std::move(options));
        made->start();
        EXPECT_TRUE(made->heard.wait_until_up());
        return made;
    }

    template <class AnyId>
    static AnyId fresh() {
        static IdMaker maker(std::random_device{}() * 0x100000001ULL, std::random_device{}());
        return maker.make<AnyId>(WallTime(std::chrono::milliseconds(1'700'000'000'000)));
    }
    static HeadAnnounced head(ChannelId channel, Seq seq) { return HeadAnnounced{channel, seq}; }
    static Deadline in(std::chrono::milliseconds time) { return {std::chrono::steady_clock::now() + time}; }
    /// The entry of a message with that much text.
    static EntryPtr entry_of(std::size_t bytes) {
        Entry entry;
        entry.channel = fresh<ChannelId>();
        entry.seq = 1;
        entry.id = fresh<EntryId>();
        entry.sender = fresh<UserId>();
        entry.nonce = "n";
        MessageBody body;
        body.text = std::string(bytes, 'x');
        entry.body = std::move(body);
        return std::make_shared<const Entry>(std::move(entry));
    }

    /// Runs rabbitmqctl on the program's broker; what it printed. A failure fails the test.
    static std::string ctl(std::vector<std::string> arguments) {
        TemporaryFolder folder;
        const auto log = folder.path() / "out";
        ChildProcess::Options call;
        call.command = {WARREN_SOURCE_DIR "/tests/support/rabbitmqctl",
                        RealServer::rabbitmq().folder().string(), "-q"};
        call.command.insert(call.command.end(), arguments.begin(), arguments.end());
        call.log = log;
        ChildProcess process(call);
        const auto status = process.wait(std::chrono::seconds(60));
        std::ostringstream text;
        text << std::ifstream(log).rdbuf();
        EXPECT_EQ(status.value_or(-1), 0) << text.str();
        return text.str();
    }

    std::string exchange() const { return prefix_ + ".0"; }

    std::string prefix_ = unique_name("bus");
};

}  // namespace warren::testing
