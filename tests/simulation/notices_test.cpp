// What is told beside the logs: who is shown it, and who never is.
#include "tests/simulation/two_nodes_test.hpp"

namespace warren::simulation {
namespace {

class Notices : public TwoNodes {
protected:
    Notices() { start(); }
    static Notice receipt(ChannelId channel, Seq read) { return ReceiptNotice{channel, person(1), 0, read}; }
    std::vector<Seq> reads(const EarPtr& ear) {
        std::vector<Seq> out;
        for (const auto& told : ear->told<ReceiptNotice>())
            out.push_back(told.read);
        return out;
    }
    using Seqs = std::vector<Seq>;
};

TEST_F(Notices, EveryMemberOnBothNodesIsShownItOnceAndNobodyElse) {
    const auto channel = group({person(1), person(2), person(3)});
    const auto one = connect(0, person(1));
    const auto two = connect(0, person(2));
    const auto three = connect(1, person(3));
    const auto stranger = connect(1, person(4));
    chat(0).delivery().notify(receipt(channel, 7), {person(1), person(2), person(3), person(4)}, {});
    settle();
    for (const auto& ear : {one, two, three})
        EXPECT_EQ(reads(ear), Seqs{7});
    EXPECT_TRUE(stranger->notices.empty());
    EXPECT_EQ(one->notice_pushes[0], two->notice_pushes[0]) << "made, and so encoded, once per node";
}

TEST_F(Notices, ThoseWhoAreNamedAreShownItAndOnlyIfTheyAreMembers) {
    const auto channel = group({person(1), person(2), person(3)});
    const auto two = connect(0, person(2));
    const auto three = connect(1, person(3));
    const auto other = connect(1, person(2));
    const auto stranger = connect(1, person(4));
    chat(0).delivery().notify(receipt(channel, 7), {person(2), person(4)}, {person(2), person(4)});
    settle();
    EXPECT_EQ(reads(two), Seqs{7});
    EXPECT_EQ(reads(other), Seqs{7});
    EXPECT_TRUE(three->notices.empty());
    EXPECT_TRUE(stranger->notices.empty());
}

TEST_F(Notices, WhoHasLeftIsShownNothingMore) {
    const auto channel = group({person(1), person(2)});
    const auto two = connect(1, person(2));
    const auto held = open(1, person(2));
    chat(0).delivery().notify(receipt(channel, 7), {person(2)}, {});
    settle();
    remove(channel, person(2));
    chat(0).delivery().notify(receipt(channel, 8), {person(2)}, {});
    chat(0).delivery().notify(receipt(channel, 9), {person(2)}, {person(2)});
    pass(seconds(2));
    EXPECT_EQ(reads(two), Seqs{7});
    EXPECT_EQ(held->pushes.size(), 1u) << "the entry that puts them out";
    EXPECT_TRUE(held->notices.empty()) << "nor what was held back when they left";
}

TEST_F(Notices, WhileAnAnswerIsMadeTheyAreHeldBackAndFollowWhatIsPushed) {
    const auto channel = group({person(1), person(2)});
    const auto held = open(1, person(2));
    send(0, person(1), channel);
    for (Seq read = 1; read <= chat::Delivery::kHeldNoticesMax + 10; ++read)
        chat(0).delivery().notify(receipt(channel, read), {person(2)}, {});
    settle();
    EXPECT_TRUE(held->notices.empty());
    pass(seconds(2));
    EXPECT_EQ(held->pushes.size(), 1u);
    EXPECT_EQ(held->notices.size(), chat::Delivery::kHeldNoticesMax) << "no more than that is kept";
    chat(0).delivery().notify(receipt(channel, 1'000), {person(2)}, {});
    settle();
    EXPECT_EQ(reads(held).back(), 1'000u);
}

TEST_F(Notices, AreNotRepeatedWhenTheBusComesBack) {
    const auto channel = group({person(1), person(2)});
    const auto one = connect(0, person(1));
    const auto two = connect(1, person(2));
    broker.stop();
    settle();
    chat(0).delivery().notify(receipt(channel, 7), {person(1), person(2)}, {});
    settle();
    broker.start();
    pass(seconds(5));
    EXPECT_EQ(reads(one), Seqs{7});
    EXPECT_TRUE(two->notices.empty());
    chat(0).delivery().notify(receipt(channel, 8), {person(1), person(2)}, {});
    settle();
    EXPECT_EQ(reads(two), Seqs{8});
}

}  // namespace
}  // namespace warren::simulation
