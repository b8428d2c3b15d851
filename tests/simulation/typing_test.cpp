// Typing: who is told, how often, and when it ends.
#include "tests/simulation/two_nodes_test.hpp"

namespace warren::simulation {
namespace {

class Typing : public TwoNodes {
protected:
    Typing() {
        start();
        channel = group({person(1), person(2), person(3)});
        typist = connect(0, person(1));
        here = connect(0, person(2));
        there = connect(1, person(3));
        stranger = connect(1, person(4));
    }
    Result<void> type(const EarPtr& by, ChannelId where, bool on = true) {
        auto setting = chat(0).typing().set(*by, where, on, soon());
        std::optional<Result<void>> out;
        spawn(world.executor(), "type", keep(std::move(setting), out));
        pass(milliseconds(20));
        return std::move(out.value());
    }
    /// What the others were told, as letters: 1 begins, 0 ends.
    static std::string told(const EarPtr& ear) {
        std::string out;
        for (const auto& notice : ear->told<TypingNotice>())
            out += notice.on ? '1' : '0';
        return out;
    }
    ChannelId pair(UserId a, UserId b) { return wait(chat(0).open_pair(a, b, soon())).value().channel; }

    ChannelId channel;
    EarPtr typist, here, there, stranger;
};

TEST_F(Typing, TheOtherMembersAreToldOnBothNodes) {
    ASSERT_TRUE(type(typist, channel));
    for (const auto& ear : {here, there}) {
        ASSERT_EQ(told(ear), "1");
        EXPECT_EQ(ear->told<TypingNotice>()[0],
                  (TypingNotice{channel, person(1), true, std::chrono::seconds(6)}));
    }
    ASSERT_TRUE(type(typist, channel, false));
    for (const auto& ear : {here, there})
        EXPECT_EQ(told(ear), "10");
    EXPECT_TRUE(typist->notices.empty());
    EXPECT_TRUE(stranger->notices.empty());
}

TEST_F(Typing, WhoIsNotInTheChannelIsRefusedAndNobodyIsTold) {
    EXPECT_EQ(type(stranger, channel).error(), Errc::not_found);
    ChannelId none;
    none.bytes[0] = 7;
    EXPECT_EQ(type(typist, none).error(), Errc::not_found);
    remove(channel, person(1));
    settle();
    EXPECT_EQ(type(typist, channel).error(), Errc::not_found);
    EXPECT_TRUE(here->notices.empty());
}

TEST_F(Typing, EndsByItselfUnlessItIsRepeated) {
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(type(typist, channel));
        pass(milliseconds(2'980));
    }
    EXPECT_EQ(told(there), "1111");
    pass(milliseconds(2'900));
    EXPECT_EQ(told(there), "1111");
    pass(milliseconds(400));
    EXPECT_EQ(told(there), "11110");
    pass(seconds(60));
    EXPECT_EQ(told(there), "11110");
}

TEST_F(Typing, IsToldAtMostOnceInAnInterval) {
    for (int i = 0; i < 30; ++i)
        ASSERT_TRUE(type(typist, channel, i % 2 == 0));
    EXPECT_EQ(told(there), "10");
    ASSERT_TRUE(type(typist, channel));
    EXPECT_EQ(told(there), "10") << "600 ms after it was told last";
    pass(milliseconds(1'500));
    EXPECT_EQ(told(there), "101");
}

TEST_F(Typing, EndsWithTheMessage) {
    ASSERT_TRUE(type(typist, channel));
    send(0, person(2), channel);
    EXPECT_EQ(told(there), "1") << "somebody else's";
    send(0, person(1), channel);
    EXPECT_EQ(told(there), "10");
    EXPECT_EQ(there->pushes.size(), 2u);
}

TEST_F(Typing, EndsWithTheConnectionThatSaidIt) {
    const auto other = connect(0, person(1));
    ASSERT_TRUE(type(typist, channel));
    disconnect(0, other);
    settle();
    EXPECT_EQ(told(there), "1");
    disconnect(0, typist);
    settle();
    EXPECT_EQ(told(there), "10");
}

TEST_F(Typing, IsToldToNobodyInALargeChannel) {
    std::vector<UserId> members;
    for (std::size_t i = 1; i <= 32; ++i)
        members.push_back(person(i));
    const auto small = group(members);
    members.push_back(person(33));
    const auto large = group(members);
    ASSERT_TRUE(type(typist, small));
    ASSERT_TRUE(type(typist, large));
    ASSERT_EQ(told(there), "1");
    EXPECT_EQ(there->told<TypingNotice>()[0].channel, small);
}

TEST_F(Typing, BetweenTwoOfWhomOneHasBlockedTheOtherNobodyIsTold) {
    const auto two = pair(person(1), person(2));
    ASSERT_TRUE(type(typist, two));
    EXPECT_EQ(told(here), "1");
    ASSERT_TRUE(wait(chat(0).blocks().block(person(1), person(2), soon())));
    pass(seconds(10));
    ASSERT_TRUE(type(typist, two)) << "which tells nothing";
    ASSERT_TRUE(type(here, two));
    EXPECT_EQ(told(here), "10");
    EXPECT_TRUE(typist->notices.empty());
}

TEST_F(Typing, InTooManyChannelsTheOldestEnds) {
    std::vector<ChannelId> channels;
    for (std::size_t i = 0; i <= chat::Limits().typing_channels_max; ++i)
        channels.push_back(group({person(1), person(3), person(10 + i)}));
    for (const auto& each : channels)
        ASSERT_TRUE(type(typist, each));
    const auto all = there->told<TypingNotice>();
    ASSERT_EQ(all.size(), chat::Limits().typing_channels_max + 2);
    const auto is_end = [](const TypingNotice& notice) { return !notice.on; };
    const auto ended = std::find_if(all.begin(), all.end(), is_end);
    ASSERT_NE(ended, all.end());
    EXPECT_EQ(ended->channel, channels.front());
}

TEST_F(Typing, WhatAReceiverIsToldEndsEvenIfTheNodeOfTheTypistDies) {
    ASSERT_TRUE(type(typist, channel));
    kill(0);
    pass(seconds(10));
    EXPECT_EQ(told(there), "1");
    EXPECT_EQ(there->told<TypingNotice>()[0].ttl, std::chrono::seconds(6)) << "by the client's own watch";
}

}  // namespace
}  // namespace warren::simulation
