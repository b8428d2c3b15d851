#include "app/partition_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace warren::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct FakeClock final : Clock {
    SteadyTime now() const override { return at; }
    WallTime wall() const override { return {}; }
    Task<void> sleep_until(SteadyTime) override { co_return; }
    SteadyTime at{1h};
};

struct FakeBus final : MessageBus {
    void start(asio::any_io_executor, BusListener& listener) override { up = &listener; }
    Task<void> stop() override { co_return; }
    void bind(BusKey) override {}
    void unbind(BusKey) override {}
    Task<Result<void>> barrier(Deadline) override { co_return Result<void>{}; }
    Task<Result<void>> publish(std::vector<BusKey>, BusMessage, Deadline) override {
        co_return Result<void>{};
    }
    void publish_control(ControlMessage) override {}
    std::uint64_t partition_map_hash() const override { return 7; }
    BusListener* up = nullptr;
};

struct CountingListener final : BusListener {
    void on_message(BusMessage) override {}
    void on_control(ControlMessage) override { ++controls; }
    void on_down() override {}
    void on_up() override {}
    int controls = 0;
};

NodeId node(const char* digits) {
    return *NodeId::parse(std::string(digits) + std::string(22, '0'));
}

class PartitionWatchTest : public testing::Test {
protected:
    PartitionWatchTest() { watch_.start(asio::system_executor(), listener_); }
    void beat(NodeId from, std::uint64_t hash) { bus_.up->on_control(Beat{from, 1, hash}); }
    FakeClock clock_;
    FakeBus bus_;
    CountingListener listener_;
    PartitionWatch watch_{bus_, clock_, node("50")};
};

TEST_F(PartitionWatchTest, TheSamePartitionsAreFineAndEveryBeatIsPassedOn) {
    beat(node("40"), 7);
    beat(node("50"), 7);
    EXPECT_EQ(watch_.condition().state, Condition::State::ok);
    EXPECT_EQ(listener_.controls, 2);
}

TEST_F(PartitionWatchTest, TheLaterOfTwoThatDifferIsNotReady) {
    beat(node("60"), 8);
    EXPECT_EQ(watch_.condition().state, Condition::State::degraded);
    beat(node("40"), 8);
    EXPECT_EQ(watch_.condition().state, Condition::State::down);
    EXPECT_THAT(watch_.condition().reason, HasSubstr("rabbitmq.urls"));
}

TEST_F(PartitionWatchTest, ItIsOverWhenTheOtherStopsOrIsSilentOrAgrees) {
    beat(node("40"), 8);
    bus_.up->on_control(Goodbye{node("40")});
    EXPECT_EQ(watch_.condition().state, Condition::State::ok);
    beat(node("40"), 8);
    clock_.at += 11s;
    EXPECT_EQ(watch_.condition().state, Condition::State::ok);
    beat(node("40"), 8);
    beat(node("40"), 7);
    EXPECT_EQ(watch_.condition().state, Condition::State::ok);
}

}  // namespace
}  // namespace warren::app
