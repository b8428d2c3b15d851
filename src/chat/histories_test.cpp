#include "chat/histories.hpp"

#include <gtest/gtest.h>

namespace warren::chat {
namespace {

class HistoriesTest : public ::testing::Test {
protected:
    static ChannelId channel(std::uint8_t n) {
        ChannelId out;
        out.bytes[11] = n;
        return out;
    }
    static HistoryPagePtr page(Seq head, std::size_t bytes = 10) {
        Entry entry;
        entry.body = MessageBody{};
        HistoryPage out;
        out.head = head;
        out.messages.push_back({std::make_shared<const Entry>(entry), std::string(bytes, 'x'), 0, 0, {}});
        return std::make_shared<const HistoryPage>(std::move(out));
    }
    void keep(Seq head, const HistoryQuery& query = {}) {
        histories.keep(channel(1), 1, query, page(head), histories.drops());
    }
    bool finds(Seq head, Seq floor = 1, const HistoryQuery& query = {}) {
        return histories.find(channel(1), head, floor, query) != nullptr;
    }

    Histories histories;
};

TEST_F(HistoriesTest, FindsWhatWasAskedInTheSameWayOfTheSameHead) {
    const auto kept = page(7);
    histories.keep(channel(1), 1, {}, kept, histories.drops());
    EXPECT_EQ(histories.find(channel(1), 7, 1, {}), kept);
    EXPECT_FALSE(finds(8)) << "something came";
    EXPECT_FALSE(finds(7, 2)) << "somebody who may see less";
    EXPECT_FALSE(finds(7, 1, {HistoryQuery::From::before, 7, 50}));
    EXPECT_FALSE(finds(7, 1, {HistoryQuery::From::newest, 0, 51}));
    EXPECT_EQ(histories.find(channel(2), 7, 1, {}), nullptr);
}

TEST_F(HistoriesTest, ANewHeadTakesThePlaceOfAllBefore) {
    const HistoryQuery deep{HistoryQuery::From::before, 5, 50};
    keep(7);
    keep(7, deep);
    EXPECT_TRUE(finds(7) && finds(7, 1, deep));
    keep(8);
    EXPECT_TRUE(finds(8));
    EXPECT_FALSE(finds(7, 1, deep));
}

TEST_F(HistoriesTest, KeepsAFewOfAChannel) {
    for (Seq seq = 1; seq <= 5; ++seq)
        keep(9, {HistoryQuery::From::before, seq, 50});
    EXPECT_FALSE(finds(9, 1, {HistoryQuery::From::before, 1, 50}));
    EXPECT_TRUE(finds(9, 1, {HistoryQuery::From::before, 2, 50}));
    EXPECT_TRUE(finds(9, 1, {HistoryQuery::From::before, 5, 50}));
}

TEST_F(HistoriesTest, WhatIsDroppedIsNotPutBackByWhoBeganBefore) {
    keep(7);
    const auto drops = histories.drops();
    histories.drop(channel(1));
    EXPECT_FALSE(finds(7));
    histories.keep(channel(1), 1, {}, page(7), drops);
    EXPECT_FALSE(finds(7));
    keep(7);
    EXPECT_TRUE(finds(7));
}

TEST_F(HistoriesTest, WhatIsLargeIsNotKept) {
    histories.keep(channel(1), 1, {}, page(7, 70'000), histories.drops());
    EXPECT_FALSE(finds(7));
}

}  // namespace
}  // namespace warren::chat
