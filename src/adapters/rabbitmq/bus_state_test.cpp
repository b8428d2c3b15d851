#include "adapters/rabbitmq/bus_state.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "tests/contract/bus_node.hpp"

namespace warren::rabbitmq {
namespace {

// What the listener's own thread posts may run after what other threads post later (asio keeps a queue of
// each thread's own). Told that a bus is down which is up, a node published no notice any more.
TEST(BusState, ListeningTellsNothingThatMayComeLate) {
    Metrics metrics;
    auto state = std::make_shared<BusState>(1, metrics);
    testing::RecordingListener listener;
    asio::io_context io(1);
    asio::post(io, [&] {
        state->listen(io.get_executor(), listener);
        std::thread([&] { state->set_up(0); }).join();
    });
    io.run();
    EXPECT_EQ(listener.states(), "u");
    state->set_down(0, Error(Errc::unavailable));
    io.restart();
    io.run();
    EXPECT_EQ(listener.states(), "ud");
    state->silence();
}

}  // namespace
}  // namespace warren::rabbitmq
