#pragma once
#include <map>
#include <random>
#include <set>

#include "ports/entry_words.hpp"
#include "tests/contract/entry_store_contract.hpp"
#include "words/tokens.hpp"

namespace warren::testing {

/// What every EntryStore finds.
class EntrySearchContract : public EntryStoreContract {
protected:
    using Words = std::vector<std::string>;

    Hits search(std::vector<ChannelId> channels, words::Needles needles, std::size_t limit = 100,
                std::optional<Hit> before = std::nullopt) {
        return run_task(port().search(std::move(channels), std::move(needles), before, limit, soon()))
            .value();
    }
    static words::Needles all_of(Words words) { return {std::move(words), ""}; }
    static words::Needles beginning(std::string prefix) { return {{}, std::move(prefix)}; }
    static std::vector<Seq> seqs_of(const Hits& hits) {
        std::vector<Seq> out;
        for (const auto& hit : hits.hits)
            out.push_back(hit.seq);
        return out;
    }
    /// All hits, by pages of at most `limit`.
    std::vector<Hit> search_through(const std::vector<ChannelId>& channels, const words::Needles& needles,
                                    std::size_t limit) {
        std::vector<Hit> out;
        std::optional<Hit> before;
        for (;;) {
            const auto page = search(channels, needles, limit, before);
            EXPECT_LE(page.hits.size(), limit);
            out.insert(out.end(), page.hits.begin(), page.hits.end());
            if (!page.more) return out;
            EXPECT_TRUE(!before || *page.more < *before);
            before = page.more;
        }
    }
    ChannelId channel_with(const Words& texts) {
        const auto channel = fresh<ChannelId>();
        std::vector<EntryPtr> log;
        for (const auto& text : texts)
            log.push_back(share(message(channel, log.size() + 1, text)));
        fill(log);
        return channel;
    }
};

TEST_P(EntrySearchContract, FindsWordsNewestFirst) {
    const auto channel = channel_with({"Tea for two", "coffee", "more tea, please", "teapot", "two teas"});
    EXPECT_EQ(seqs_of(search({channel}, all_of({"tea"}))), (std::vector<Seq>{3, 1}));
    EXPECT_EQ(seqs_of(search({channel}, all_of({"two", "tea"}))), (std::vector<Seq>{1}));
    EXPECT_EQ(seqs_of(search({channel}, all_of({"te"}))), std::vector<Seq>{});
    EXPECT_EQ(seqs_of(search({channel}, all_of({"two", "coffee"}))), std::vector<Seq>{});
    EXPECT_EQ(seqs_of(search({channel}, beginning("te"))), (std::vector<Seq>{5, 4, 3, 1}));
    EXPECT_EQ(seqs_of(search({channel}, beginning("tee"))), std::vector<Seq>{});
    EXPECT_FALSE(search({channel}, all_of({"tea"})).more);
    EXPECT_EQ(search({channel}, all_of({"coffee"})).hits.at(0).at, time(1'764'000'000'125));
}

TEST_P(EntrySearchContract, FindsNothingOfARemovedBucket) {
    const auto channel = fresh<ChannelId>();
    auto log = messages(channel, 1, 2 * kBucketSize + 1);
    log[2] = share(message(channel, 3, "tea and cake"));
    log[kBucketSize] = share(message(channel, kBucketSize + 1, "more tea"));
    log[kBucketSize + 1] = share(with(channel, kBucketSize + 2, EditBody{3, "coffee and cake", false}));
    fill(log);
    EXPECT_EQ(seqs_of(search({channel}, all_of({"cake"}))), std::vector<Seq>{3});
    ASSERT_TRUE(run_task(port().remove_bucket(channel, 0, soon())));
    EXPECT_EQ(seqs_of(search({channel}, all_of({"tea"}))), std::vector<Seq>{kBucketSize + 1});
    EXPECT_EQ(seqs_of(search({channel}, all_of({"hi"}), 200)).size(), kBucketSize - 1);
    ASSERT_TRUE(run_task(port().remove_bucket(channel, 1, soon())));
    for (const auto* word : {"tea", "cake", "coffee"})
        EXPECT_TRUE(search({channel}, all_of({word})).hits.empty()) << word;
    EXPECT_EQ(seqs_of(search({channel}, beginning("h"))), std::vector<Seq>{2 * kBucketSize + 1});
}

TEST_P(EntrySearchContract, FindsWordsOfEveryScript) {
    const auto channel = channel_with({"Grüße aus Köln", "東京タワー", "กินข้าว", "مُحَمَّد", "nice 👍🏽"});
    EXPECT_EQ(seqs_of(search({channel}, all_of({"grusse", "koln"}))), (std::vector<Seq>{1}));
    EXPECT_EQ(seqs_of(search({channel}, all_of(words::tokens("東京")))), (std::vector<Seq>{2}));
    EXPECT_EQ(seqs_of(search({channel}, all_of(words::tokens("ข้าว")))), (std::vector<Seq>{3}));
    EXPECT_EQ(seqs_of(search({channel}, all_of({"محمد"}))), (std::vector<Seq>{4}));
    EXPECT_EQ(seqs_of(search({channel}, beginning("مح"))), (std::vector<Seq>{4}));
    EXPECT_EQ(seqs_of(search({channel}, all_of({"👍"}))), (std::vector<Seq>{5}));
}

TEST_P(EntrySearchContract, LooksOnlyIntoTheChannelsNamed) {
    const auto first = channel_with({"tea", "tea"});
    const auto second = channel_with({"coffee", "tea"});
    channel_with({"tea"});
    EXPECT_EQ(seqs_of(search({second}, all_of({"tea"}))), (std::vector<Seq>{2}));
    const auto both = search({first, second, fresh<ChannelId>()}, all_of({"tea"})).hits;
    // Of one time and seq; then the channel decides.
    const auto at = time(1'764'000'000'125);
    ASSERT_EQ(both.size(), 3U);
    EXPECT_EQ(both[0], (Hit{at, 2, std::max(first, second)}));
    EXPECT_EQ(both[1], (Hit{at, 2, std::min(first, second)}));
    EXPECT_EQ(both[2].channel, first);
    EXPECT_TRUE(search({}, all_of({"tea"})).hits.empty());
}

TEST_P(EntrySearchContract, LooksIntoManyChannels) {
    std::vector<ChannelId> channels;
    for (int i = 0; i < 40; ++i)
        channels.push_back(fresh<ChannelId>());
    for (const std::size_t i : {3U, 20U, 39U})
        fill({share(message(channels[i], 1, "tea")), share(message(channels[i], 2, "milk"))});
    const auto found = search_through(channels, all_of({"tea"}), 2);
    EXPECT_EQ(found, (std::vector<Hit>{{time(1'764'000'000'124), 1, channels[39]},
                                       {time(1'764'000'000'124), 1, channels[20]},
                                       {time(1'764'000'000'124), 1, channels[3]}}));
}

TEST_P(EntrySearchContract, ManyEditsOfOneMessageAreOneHit) {
    const auto channel = channel_with({"tea", "milk"});
    const auto other = channel_with({"tea", "tea"});
    std::vector<EntryPtr> edits;
    for (Seq seq = 3; seq <= 60; ++seq)
        edits.push_back(share(with(channel, seq, EditBody{2, "tea " + std::to_string(seq), false})));
    fill(edits);
    for (const std::size_t limit : {1, 2, 4}) {
        const auto found = search_through({channel, other}, all_of({"tea"}), limit);
        EXPECT_EQ(found.size(), 4U);
        EXPECT_EQ(std::set<Hit>(found.begin(), found.end()).size(), 4U);
    }
}

TEST_P(EntrySearchContract, AnEditIsFoundAsItsMessage) {
    const auto channel = channel_with({"tea", "coffee", "milk"});
    fill({share(with(channel, 4, EditBody{1, "cocoa", false})),
          share(with(channel, 5, EditBody{1, "cocoa again", false})), share(with(channel, 6, DeleteBody{2})),
          share(with(channel, 7, ReactBody{3, "cocoa", true}))});
    const auto found = search({channel}, all_of({"cocoa"})).hits;
    EXPECT_EQ(found, (std::vector<Hit>{{time(1'764'000'000'124), 1, channel}}));
    EXPECT_EQ(search({channel}, all_of({"again"})).hits, found);
}

TEST_P(EntrySearchContract, WhatHasNoTextIsNotFound) {
    const auto channel = fresh<ChannelId>();
    ChannelBody made;
    made.op = ChannelOp::created;
    made.name = "tea";
    MessageBody only_data;
    only_data.data = R"({"tea":"tea"})";
    only_data.type = "tea";
    fill({share(with(channel, 1, made)), share(with(channel, 2, only_data)),
          share(message(channel, 3, "... !"))});
    EXPECT_TRUE(search({channel}, all_of({"tea"})).hits.empty());
    EXPECT_TRUE(search({channel}, beginning("te")).hits.empty());
}

TEST_P(EntrySearchContract, WhatWasBlankedIsNotFound) {
    const auto channel = channel_with({"tea secret", "tea"});
    const auto edit = with(channel, 3, EditBody{1, "tea hush", false});
    ASSERT_TRUE(insert(edit));
    auto message = *range(channel, 1, 1).at(0);
    MessageBody gone;
    gone.blanked = true;
    message.body = std::move(gone);
    ASSERT_TRUE(
        run_task(port().blank({share(message), share(with(channel, 3, EditBody{1, "", true}))}, soon())));
    EXPECT_EQ(seqs_of(search({channel}, all_of({"tea"}))), (std::vector<Seq>{2}));
    for (const std::string word : {"secret", "hush"})
        EXPECT_TRUE(search({channel}, all_of({word})).hits.empty()) << word;
}

// Times that do not follow the seqs, edits of what lies far back, and what was deleted there.
TEST_P(EntrySearchContract, FindsInLongLogs) {
    const auto channel = fresh<ChannelId>();
    const auto other = fresh<ChannelId>();
    std::vector<EntryPtr> log;
    std::set<Hit> expected;
    for (Seq seq = 1; seq <= 300; ++seq) {
        auto entry = message(channel, seq, seq % 50 == 3 ? "tea" : "milk");
        // The clock was an hour fast at first.
        entry.at = time((seq <= 130 ? 3'600'000 : 1'000) + static_cast<std::int64_t>(seq * 37 % 101));
        if (seq % 50 == 3) expected.insert({entry.at, seq, channel});
        log.push_back(share(entry));
    }
    for (const Seq target : {5U, 120U, 260U}) {
        log.push_back(share(with(channel, log.size() + 1, EditBody{target, "tea instead", false})));
        expected.insert({log[target - 1]->at, target, channel});
    }
    auto twin = message(other, 1, "tea");
    twin.at = log[2]->at;
    expected.insert({twin.at, 1, other});
    fill(log);
    fill({share(twin)});
    for (const std::size_t limit : {1, 2, 100}) {
        const auto found = search_through({channel, other}, all_of({"tea"}), limit);
        EXPECT_EQ(found, (std::vector<Hit>{expected.rbegin(), expected.rend()})) << limit;
    }
    EXPECT_EQ(search_through({channel}, beginning("inst"), 100).size(), 3U);
    EXPECT_EQ(search_through({channel}, all_of({"tea", "milk"}), 100).size(), 0U);
    auto gone = message(channel, 53);
    gone.body = blanked(log[52]->body);
    auto gone_edit = with(channel, 302, blanked(log[301]->body));
    ASSERT_TRUE(run_task(port().blank({share(gone), share(gone_edit)}, soon())));
    expected.erase({log[52]->at, 53, channel});
    expected.erase({log[119]->at, 120, channel});
    EXPECT_EQ(search_through({channel, other}, all_of({"tea"}), 4),
              (std::vector<Hit>{expected.rbegin(), expected.rend()}));
}

TEST_P(EntrySearchContract, WhatWasRefusedIsNotFound) {
    const auto channel = channel_with({"tea", "coffee"});
    ASSERT_EQ(insert(message(channel, 2, "cocoa")).error(), Errc::taken);
    EXPECT_TRUE(search({channel}, all_of({"cocoa"})).hits.empty());
}

TEST_P(EntrySearchContract, PagesGoOnWhereTheLastOneEnded) {
    const auto channel = fresh<ChannelId>();
    const auto other = fresh<ChannelId>();
    std::vector<EntryPtr> log;
    for (Seq seq = 1; seq <= 30; ++seq) {
        auto entry = message(channel, seq, seq % 3 == 0 ? "tea and milk" : "tea");
        // Several of one time, as an import may bring.
        entry.at = time(1'000 + static_cast<std::int64_t>(seq / 7));
        log.push_back(share(entry));
    }
    fill(log);
    fill({share(message(other, 1, "tea milk")), share(message(other, 2, "milk tea"))});
    for (const std::size_t limit : {3, 7, 100}) {
        EXPECT_EQ(search_through({channel}, all_of({"tea"}), limit).size(), 30U) << limit;
        EXPECT_EQ(search_through({channel}, all_of({"milk", "tea"}), limit).size(), 10U) << limit;
        EXPECT_EQ(search_through({channel, other}, beginning("te"), limit).size(), 32U) << limit;
    }
}

// Whatever the texts, edits, channels and pages: nothing is missed, in order, once.
TEST_P(EntrySearchContract, AgreesWithANaiveModel) {
    std::mt19937 random(11);
    const Words vocabulary{"tea", "teapot", "milk", "Zürich", "猫", "the", "they"};
    const auto some_text = [&] {
        std::string out;
        for (auto n = 1 + random() % 4; n > 0; --n)
            out += vocabulary[random() % vocabulary.size()] + ' ';
        return out;
    };
    std::vector<ChannelId> channels;
    std::vector<std::pair<Hit, EntryPtr>> log;
    for (int c = 0; c < 3; ++c) {
        const auto channel = channels.emplace_back(fresh<ChannelId>());
        std::vector<EntryPtr> entries;
        for (Seq seq = 1; seq <= 60; ++seq) {
            auto entry = message(channel, seq, some_text());
            entry.at = time(1'000 + static_cast<std::int64_t>(random() % 40));
            if (seq > 1 && random() % 4 == 0) entry.body = EditBody{1, some_text(), false};
            entries.push_back(share(entry));
            const auto& found = searched_seq(entry) == seq ? entry : *entries.front();
            log.emplace_back(Hit{found.at, found.seq, channel}, entries.back());
        }
        fill(entries);
    }
    for (int i = 0; i < 15; ++i) {
        const auto needles = i % 5 == 0
                                 ? beginning("te")
                                 : all_of(words::distinct_tokens(some_text() + (i % 2 ? some_text() : "")));
        const std::vector<ChannelId> asked(channels.begin(), channels.begin() + 1 + i % 3);
        std::set<Hit> expected;
        for (const auto& [hit, entry] : log) {
            const auto words = searched_words(*entry);
            const bool holds =
                needles.words.empty()
                    ? std::any_of(words.begin(), words.end(), [](auto& w) { return w.starts_with("te"); })
                    : std::includes(words.begin(), words.end(), needles.words.begin(), needles.words.end());
            if (holds && std::find(asked.begin(), asked.end(), hit.channel) != asked.end())
                expected.insert(hit);
        }
        const auto found = search_through(asked, needles, 5 + random() % 20);
        EXPECT_TRUE(std::is_sorted(found.rbegin(), found.rend()));
        const std::set<Hit> once(found.begin(), found.end());
        EXPECT_EQ(once.size(), found.size());
        EXPECT_TRUE(std::includes(once.begin(), once.end(), expected.begin(), expected.end()));
        // Where nothing was edited nothing else is found.
        for (const auto& hit : once)
            EXPECT_TRUE(hit.seq == 1 || expected.contains(hit));
    }
}

}  // namespace warren::testing
