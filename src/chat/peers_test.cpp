#include "chat/peers.hpp"

#include <gtest/gtest.h>

namespace warren::chat {
namespace {

using std::chrono::seconds;

Beat beat(std::uint8_t node, std::uint64_t number) {
    Beat out;
    out.node.bytes[11] = node;
    out.number = number;
    return out;
}
SteadyTime at(int second) {
    return SteadyTime(seconds(second));
}

TEST(Peers, ASkippedNumberIsALoss) {
    Peers peers(seconds(5));
    EXPECT_FALSE(peers.on_beat(beat(1, 7), at(0))) << "the first beat that is heard says nothing";
    EXPECT_FALSE(peers.on_beat(beat(1, 8), at(1)));
    EXPECT_TRUE(peers.on_beat(beat(1, 10), at(3)));
    EXPECT_FALSE(peers.on_beat(beat(1, 11), at(4)));
}

TEST(Peers, ARepeatedOrLateBeatIsNone) {
    Peers peers(seconds(5));
    peers.on_beat(beat(1, 7), at(0));
    peers.on_beat(beat(1, 8), at(1));
    EXPECT_FALSE(peers.on_beat(beat(1, 7), at(1)));
    EXPECT_FALSE(peers.on_beat(beat(1, 8), at(1)));
    EXPECT_FALSE(peers.on_beat(beat(1, 9), at(2)));
}

TEST(Peers, ASilentPeerIsLostOnce) {
    Peers peers(seconds(5));
    peers.on_beat(beat(1, 1), at(0));
    peers.on_beat(beat(2, 1), at(4));
    EXPECT_FALSE(peers.lose_silent(at(5)));
    EXPECT_TRUE(peers.lose_silent(at(6)));
    EXPECT_EQ(peers.count(), 1u);
    EXPECT_FALSE(peers.lose_silent(at(7)));
}

TEST(Peers, WhoIsNotHeardAgainAfterTheBusWasAwayIsMissed) {
    Peers peers(seconds(5));
    peers.on_beat(beat(1, 1), at(0));
    peers.on_beat(beat(2, 1), at(0));
    peers.begin_anew(at(60));
    EXPECT_FALSE(peers.lose_silent(at(60)));
    EXPECT_FALSE(peers.on_beat(beat(1, 61), at(61))) << "what was missed while it was away is no loss";
    EXPECT_TRUE(peers.on_beat(beat(1, 63), at(63)));
    EXPECT_FALSE(peers.lose_silent(at(65)));
    EXPECT_TRUE(peers.lose_silent(at(66)));
    EXPECT_EQ(peers.count(), 1u);
}

TEST(Peers, WhoSaysGoodbyeIsNotMissed) {
    Peers peers(seconds(5));
    const auto last = beat(1, 1);
    peers.on_beat(last, at(0));
    peers.on_goodbye(last.node);
    EXPECT_FALSE(peers.lose_silent(at(60)));
}

TEST(Peers, ANodeThatStartsAnewIsAnotherNode) {
    Peers peers(seconds(5));
    peers.on_beat(beat(1, 500), at(0));
    EXPECT_FALSE(peers.on_beat(beat(2, 1), at(1)));
    EXPECT_EQ(peers.count(), 2u);
}

}  // namespace
}  // namespace warren::chat
