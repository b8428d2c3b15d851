#include "adapters/rabbitmq/rabbit_fixture_test.hpp"
#include "tests/contract/message_bus_contract.hpp"

namespace warren::testing {
namespace {

void require_rabbitmq() {
    WARREN_REQUIRE_SERVER(ServerKind::rabbitmq);
}

/// Partitions are told apart by their exchanges, so one broker does for several.
std::shared_ptr<BusWorld> make_world(std::size_t partitions) {
    const std::vector<std::vector<std::string>> urls(partitions, {RealServer::rabbitmq().url()});
    auto make_node = [options = fast_options(unique_name("bus"), urls)] {
        return as_bus(make_rabbit_node(options));
    };
    return std::make_shared<BusWorld>(BusWorld{make_node, partitions});
}

INSTANTIATE_TEST_SUITE_P(
    Rabbitmq, MessageBusContract,
    ::testing::Values(PortCase<BusWorld>{"one_partition", require_rabbitmq, [] { return make_world(1); }},
                      PortCase<BusWorld>{"two_partitions", require_rabbitmq, [] { return make_world(2); }}),
    case_name<BusWorld>);

}  // namespace
}  // namespace warren::testing
