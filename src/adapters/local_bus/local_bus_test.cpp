#include "adapters/local_bus/local_bus.hpp"

#include "tests/contract/message_bus_contract.hpp"

namespace warren::testing {
namespace {

std::shared_ptr<BusWorld> make_world() {
    auto make_node = [hub = LocalBus::make_hub()] { return std::make_shared<LocalBus>(hub); };
    return std::make_shared<BusWorld>(BusWorld{make_node, 1});
}

INSTANTIATE_TEST_SUITE_P(Local, MessageBusContract,
                         ::testing::Values(PortCase<BusWorld>{"local", {}, make_world}), case_name<BusWorld>);

TEST(LocalBus, OnesOwnMessagesDoNotComeBack) {
    BusNode alone(std::make_shared<LocalBus>());
    alone.start();
    ASSERT_TRUE(alone.heard.wait_for_states("u"));
    UserId user;
    user.bytes[0] = 1;
    ChannelId channel;
    channel.bytes[0] = 2;
    ASSERT_TRUE(alone.bind(user));
    ASSERT_TRUE(alone.publish({user}, HeadAnnounced{channel, 1}));
    NodeId node;
    node.bytes[0] = 3;
    alone.bus().publish_control(Beat{node, 1, 0});
    ASSERT_TRUE(alone.heard.wait_for_beat(node, 1));
    EXPECT_TRUE(alone.heard.seqs(channel).empty());
}

}  // namespace
}  // namespace warren::testing
