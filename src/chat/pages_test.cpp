#include "chat/pages.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "ports/system_clock.hpp"
#include "tests/support/map_cache.hpp"
#include "tests/support/run_task.hpp"

namespace warren::chat {
namespace {

/// A channel of `head` messages; counts how often it is read.
class OneChannel final : public EntryStore {
public:
    explicit OneChannel(Seq head) : head_(head) {}

    Task<Result<std::vector<EntryPtr>>> range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                              Deadline) override {
        ++reads;
        last_from = from;
        std::vector<EntryPtr> out;
        for (Seq seq = from; seq <= std::min(to, head_) && out.size() < limit; ++seq) {
            if (seq == missing) continue;
            Entry entry;
            entry.channel = channel;
            entry.seq = seq;
            MessageBody body;
            body.text = "line\n" + std::to_string(seq);
            entry.body = std::move(body);
            out.push_back(std::make_shared<const Entry>(std::move(entry)));
        }
        co_return out;
    }
    Task<Result<EntryPtr>> head(ChannelId, Deadline) override { co_return Error(Errc::internal); }
    Task<Result<std::vector<EntryPtr>>> heads(std::vector<ChannelId>, Deadline) override {
        co_return Error(Errc::internal);
    }
    Task<Result<std::vector<EntryPtr>>> find_nonces(ChannelId, std::vector<NonceKey>, Deadline) override {
        co_return Error(Errc::internal);
    }
    Task<Result<void>> insert(std::vector<EntryPtr>, Unless, Deadline) override {
        co_return Error(Errc::internal);
    }
    Task<Result<std::vector<EntryPtr>>> targeting(ChannelId, Bucket, Seq after, Deadline) override {
        changes_read_after.push_back(after);
        auto found = changes;
        std::erase_if(found, [after](const EntryPtr& entry) { return entry->seq <= after; });
        if (while_asked) while_asked();
        co_return found;
    }
    Task<Result<std::vector<EntryPtr>>> at(std::vector<Place>, Deadline) override {
        co_return Error(Errc::internal);
    }
    Task<Result<void>> note_blankings(std::vector<Blanking>, Deadline) override {
        co_return Error(Errc::internal);
    }
    Task<Result<std::vector<Blanking>>> blankings(WallTime, std::size_t, Deadline) override {
        co_return Error(Errc::internal);
    }
    Task<Result<void>> blank(std::vector<EntryPtr>, Deadline) override { co_return Error(Errc::internal); }
    Task<Result<void>> forget_blanking(EntryId, Deadline) override { co_return Error(Errc::internal); }
    Task<Result<Hits>> search(std::vector<ChannelId>, words::Needles, std::optional<Hit>, std::size_t,
                              Deadline) override {
        co_return Error(Errc::internal);
    }
    Task<Result<void>> remove_bucket(ChannelId, Bucket, Deadline) override {
        co_return Error(Errc::internal);
    }

    int reads = 0;
    std::vector<Seq> changes_read_after;
    Seq last_from = 0;
    Seq missing = 0;
    std::vector<EntryPtr> changes;
    std::function<void()> while_asked;

private:
    Seq head_;
};

class PagesTest : public ::testing::Test {
protected:
    std::vector<Seq> read(Seq from, Seq to, Seq head) {
        auto page =
            testing::run_task(pages_.read(ChannelId{}, from, to, head, clock_.in(std::chrono::seconds(1))))
                .value();
        std::vector<Seq> seqs;
        for (const auto& entry : page.entries) {
            EXPECT_EQ(std::get<MessageBody>(entry->body).text, "line\n" + std::to_string(entry->seq));
            seqs.push_back(entry->seq);
        }
        return seqs;
    }

    /// What a read of a page found to change it, and after which seqs it asked.
    std::pair<std::vector<EntryPtr>, std::vector<Seq>> changes(Seq from, Seq to, Seq head) {
        entries_.changes_read_after.clear();
        auto reading = pages_.read(ChannelId{}, from, to, head, clock_.in(std::chrono::seconds(1)));
        return {testing::run_task(std::move(reading)).value().changes, entries_.changes_read_after};
    }

    OneChannel entries_{200};
    testing::MapCache cache_;
    SystemClock clock_;
    Metrics metrics_;
    Pages pages_{entries_, &cache_, metrics_};
};

TEST_F(PagesTest, AFullPageIsReadFromTheStoreOnce) {
    EXPECT_EQ(read(126, 128, 200), (std::vector<Seq>{126, 127, 128}));
    EXPECT_EQ(read(1, 2, 200), (std::vector<Seq>{1, 2}));
    EXPECT_EQ(entries_.reads, 1);
}

TEST_F(PagesTest, OfAPageThatStillGrowsOnlyWhatCameSinceIsRead) {
    EXPECT_EQ(read(196, 198, 198), (std::vector<Seq>{196, 197, 198}));
    EXPECT_EQ(read(129, 130, 198), (std::vector<Seq>{129, 130}));
    EXPECT_EQ(entries_.reads, 1);
    EXPECT_EQ(read(197, 200, 200), (std::vector<Seq>{197, 198, 199, 200}));
    EXPECT_EQ(entries_.reads, 2);
    EXPECT_EQ(entries_.last_from, 199U);
    EXPECT_TRUE(cache_.map.empty()) << "it is not a page yet";
    testing::run_task(pages_.drop(ChannelId{}, 1));
    EXPECT_EQ(read(197, 200, 200).size(), 4U);
    EXPECT_EQ(entries_.last_from, 129U);
}

TEST_F(PagesTest, WhatADropOvertookIsNotKeptOfAPageThatStillGrows) {
    entries_.while_asked = [&] { testing::run_task(pages_.drop(ChannelId{}, 1)); };
    EXPECT_EQ(read(197, 200, 200).size(), 4U);
    entries_.while_asked = nullptr;
    EXPECT_EQ(read(197, 200, 200).size(), 4U);
    EXPECT_EQ(entries_.reads, 2);
}

TEST_F(PagesTest, APageWithAHoleIsNotKept) {
    entries_.missing = 150;
    EXPECT_EQ(read(149, 151, 200), (std::vector<Seq>{149, 151}));
    entries_.missing = 0;
    EXPECT_EQ(read(149, 151, 200), (std::vector<Seq>{149, 150, 151}));
}

TEST_F(PagesTest, APageIsDecodedOnceWhileTheCacheGivesTheSameText) {
    const auto first = [this] {
        auto reading = pages_.read(ChannelId{}, 1, 128, 200, clock_.in(std::chrono::seconds(1)));
        return testing::run_task(std::move(reading)).value().entries.front();
    };
    first();
    const auto decoded = first();
    EXPECT_EQ(first(), decoded) << "the same entry, not one like it";
    auto& text = cache_.map.begin()->second;
    text = std::make_shared<const std::string>(*text);
    EXPECT_NE(first(), decoded) << "another text may say something else";
    EXPECT_EQ(entries_.reads, 1);
    testing::run_task(pages_.drop(ChannelId{}, 0));
    first();
    EXPECT_EQ(entries_.reads, 2);
}

EntryPtr change(Seq seq, EntryBody body) {
    Entry entry;
    entry.seq = seq;
    entry.body = std::move(body);
    return std::make_shared<const Entry>(std::move(entry));
}

TEST_F(PagesTest, NoDeletedTextIsPutIntoTheCache) {
    entries_.changes = {change(150, DeleteBody{77})};
    auto reading = pages_.read(ChannelId{}, 1, 128, 200, clock_.in(std::chrono::seconds(1)));
    EXPECT_EQ(testing::run_task(std::move(reading))->entries.size(), 128U);
    ASSERT_EQ(cache_.map.size(), 1U);
    const auto& kept = *cache_.map.begin()->second;
    EXPECT_NE(kept.find("line\\n76\""), std::string::npos);
    EXPECT_EQ(kept.find("line\\n77\""), std::string::npos);
}

TEST_F(PagesTest, ADroppedPageIsReadAgain) {
    read(1, 128, 200);
    testing::run_task(pages_.drop(ChannelId{}, 0));
    EXPECT_TRUE(cache_.map.empty() || !cache_.map.begin()->second);
    read(1, 128, 200);
    EXPECT_EQ(entries_.reads, 2);
}

TEST_F(PagesTest, AReadThatADropOvertookPutsNothingIntoTheCache) {
    entries_.while_asked = [&] { testing::run_task(pages_.drop(ChannelId{}, 0)); };
    EXPECT_EQ(read(1, 128, 200).size(), 128U);
    EXPECT_TRUE(cache_.map.empty());
}

TEST_F(PagesTest, ChangesAreReadOnlyAfterWhereTheLogEndedBefore) {
    using Asked = std::vector<Seq>;
    for (const auto& [from, to] : {std::pair<Seq, Seq>{1, 128}, {129, 180}}) {
        entries_.changes.clear();
        read(from, to, 180);
        changes(from, to, 180);
        EXPECT_EQ(changes(from, to, 180).second, Asked{});
        entries_.changes = {change(181, ReactBody{from, "+", true}), change(182, ReactBody{to, "+", true})};
        // The second is there already, but what lies before it may not have been seen by all of the read.
        auto [found, asked] = changes(from, to, 181);
        EXPECT_EQ(found, entries_.changes);
        EXPECT_EQ(asked, Asked{180});
        EXPECT_EQ(changes(from, to, 181), std::pair(std::vector{entries_.changes[0]}, Asked{}));
        std::tie(found, asked) = changes(from, to, 185);
        EXPECT_EQ(found, entries_.changes);
        EXPECT_EQ(asked, Asked{181});
        testing::run_task(pages_.drop(ChannelId{}, bucket_of(from)));
        EXPECT_EQ(changes(from, to, 185).second.back(), 0U);
    }
}

TEST_F(PagesTest, NoDeletedTextIsKeptOfWhatChangesAPage) {
    entries_.changes = {change(150, EditBody{77, "tea"}), change(151, EditBody{78, "milk"}),
                        change(152, DeleteBody{77})};
    changes(1, 128, 200);
    changes(1, 128, 200);
    const auto [kept, asked] = changes(1, 128, 200);
    EXPECT_TRUE(asked.empty());
    ASSERT_EQ(kept.size(), 3U);
    EXPECT_TRUE(is_blanked(kept[0]->body));
    EXPECT_EQ(std::get<EditBody>(kept[1]->body).text, "milk");
}

TEST_F(PagesTest, OfAPageWithVeryManyChangesThoseAreReadAgain) {
    for (Seq seq = 201; seq <= 1201; ++seq)
        entries_.changes.push_back(change(seq, ReactBody{1, "+", true}));
    changes(1, 128, 1201);
    changes(1, 128, 1201);
    EXPECT_EQ(changes(1, 128, 1200).second, std::vector<Seq>{0});
    EXPECT_EQ(changes(1, 128, 1200).second, std::vector<Seq>{}) << "a thousand are not too many";
}

TEST_F(PagesTest, WhatIsNotTheWholePageIsNotBelieved) {
    read(1, 128, 200);
    auto& kept = cache_.map.begin()->second;
    for (const std::string& bad :
         {std::string("nonsense"), kept->substr(0, kept->size() / 2), std::string()}) {
        kept = std::make_shared<const std::string>(bad);
        const auto before = entries_.reads;
        EXPECT_EQ(read(1, 128, 200).size(), 128U);
        EXPECT_EQ(entries_.reads, before + 1);
    }
}

}  // namespace
}  // namespace warren::chat
