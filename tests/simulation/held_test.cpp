// What is held back while an answer is on its way, and what becomes of it where it is too much.
#include "tests/simulation/two_nodes_test.hpp"

namespace warren::simulation {
namespace {

class Held : public TwoNodes {
protected:
    void start_with_room_for(std::size_t bytes) {
        chat::Limits limits;
        limits.held_bytes_max = bytes;
        start(limits);
        channel = group({person(1), person(2)});
        bob = connect(1, person(2));
        read();
        chat(1).answered(*bob);
    }
    /// A sync of bob's, whose answer is on its way to him until `answered`.
    chat::SyncAnswer read() {
        auto bytes_of = [](const Entry&) { return std::size_t{100}; };
        return wait(chat(1).sync(*bob, {{channel, 1}}, std::move(bytes_of), soon())).value();
    }
    void add_bob() { ASSERT_TRUE(wait(chat(0).add_members(person(1), channel, {person(2)}, "in", soon()))); }

    ChannelId channel;
    EarPtr bob;
};

TEST_F(Held, ComesRightAfterTheAnswerButForWhatTheAnswerShows) {
    start_with_room_for(100'000);
    read();
    send(0, person(1), channel);
    settle();
    EXPECT_TRUE(bob->pushes.empty());
    chat(1).answered(*bob);
    EXPECT_EQ(bob->pushes.size(), 1u);
    EXPECT_EQ(bob->resyncs, 0);
}

TEST_F(Held, WhereItIsTooMuchTheChannelsOfItAreNamedAndTheOthersGoOn) {
    start_with_room_for(1);
    const auto other = group({person(1), person(2)});
    settle();
    bob->pushes.clear();
    read();
    send(0, person(1), channel);
    settle();
    chat(1).answered(*bob);
    EXPECT_TRUE(bob->pushes.empty());
    EXPECT_EQ(bob->missed, (std::vector<std::pair<ChannelId, Seq>>{{channel, 2}}));
    send(0, person(1), other);
    settle();
    EXPECT_EQ(bob->pushes.size(), 1u);
    EXPECT_EQ(read().channels.at(channel).entries.size(), 1u);
    chat(1).answered(*bob);
    send(0, person(1), channel);
    settle();
    EXPECT_EQ(bob->pushes.size(), 2u);
}

TEST_F(Held, WhoseStayEndedMeanwhileIsToldSoAndWelcomedAgain) {
    start_with_room_for(1);
    read();
    remove(channel, person(2));
    settle();
    chat(1).answered(*bob);
    EXPECT_TRUE(bob->pushes.empty());
    EXPECT_EQ(bob->missed, (std::vector<std::pair<ChannelId, Seq>>{{channel, 2}}));
    EXPECT_EQ(read().left, std::vector<ChannelId>{channel});
    chat(1).answered(*bob);
    add_bob();
    settle();
    ASSERT_EQ(bob->pushes.size(), 1u);
    EXPECT_EQ(bob->pushes[0]->entry->seq, 3u);
    EXPECT_TRUE(bob->pushes[0]->view) << "as a channel that he does not know";
    EXPECT_EQ(bob->resyncs, 1);
}

TEST_F(Held, WhoIsInAgainBeforeTheSyncIsShownThatByItAlone) {
    start_with_room_for(1);
    read();
    remove(channel, person(2));
    settle();
    chat(1).answered(*bob);
    add_bob();
    settle();
    EXPECT_TRUE(bob->pushes.empty());
    EXPECT_EQ(read().channels.at(channel).entries.size(), 2u);
    chat(1).answered(*bob);
    send(0, person(1), channel);
    settle();
    EXPECT_EQ(bob->pushes.size(), 1u);
}

}  // namespace
}  // namespace warren::simulation
