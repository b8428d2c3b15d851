// Long because it is one suite, and each of its tests is one promise of the port.
#pragma once
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "ports/entry_store.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What every EntryStore does. @see tests/contract/port_case.hpp for how an adapter instantiates it
class EntryStoreContract : public PortContract<EntryStore> {
protected:
    /// A message at `seq` of a log that consists of messages after its creation.
    static Entry message(ChannelId channel, Seq seq, std::string text = "hi") {
        Entry entry;
        entry.channel = channel;
        entry.seq = seq;
        entry.id = fresh<EntryId>();
        entry.sender = fresh<UserId>();
        entry.nonce = entry.id.hex();
        entry.at = time(1'764'000'000'123 + static_cast<std::int64_t>(seq));
        entry.count = seq;
        entry.message_seq = seq;
        entry.state_seq = 1;
        MessageBody body;
        body.text = std::move(text);
        entry.body = std::move(body);
        return entry;
    }
    static Entry with(ChannelId channel, Seq seq, EntryBody body) {
        auto entry = message(channel, seq);
        entry.body = std::move(body);
        return entry;
    }
    static EntryPtr share(Entry entry) { return std::make_shared<const Entry>(std::move(entry)); }
    static std::vector<EntryPtr> messages(ChannelId channel, Seq from, Seq to) {
        std::vector<EntryPtr> run;
        for (Seq seq = from; seq <= to; ++seq)
            run.push_back(share(message(channel, seq)));
        return run;
    }
    /// Inserts entries of any number and buckets, in runs as chat/ would.
    void fill(const std::vector<EntryPtr>& entries) {
        std::vector<EntryPtr> run;
        for (const auto& entry : entries) {
            const bool fits = run.empty() || (bucket_of(run.back()->seq) == bucket_of(entry->seq) &&
                                              run.size() < kRunEntriesMax);
            if (!fits) {
                ASSERT_TRUE(insert(std::exchange(run, {})));
            }
            run.push_back(entry);
        }
        if (!run.empty()) {
            ASSERT_TRUE(insert(run));
        }
    }

    Result<void> insert(std::vector<EntryPtr> run) {
        return run_task(port().insert(std::move(run), {}, soon()));
    }
    Result<void> insert(Entry entry) { return insert({share(std::move(entry))}); }
    EntryPtr head(ChannelId channel) { return run_task(port().head(channel, soon())).value(); }
    std::vector<EntryPtr> range(ChannelId channel, Seq from, Seq to, std::size_t limit = 1000) {
        return run_task(port().range(channel, from, to, limit, soon())).value();
    }
    static std::vector<Seq> seqs(const std::vector<EntryPtr>& entries) {
        std::vector<Seq> out;
        for (const auto& entry : entries)
            out.push_back(entry->seq);
        return out;
    }
    static std::vector<Seq> counting(Seq from, Seq to) {
        std::vector<Seq> out;
        for (Seq seq = from; seq <= to; ++seq)
            out.push_back(seq);
        return out;
    }
};

TEST_P(EntryStoreContract, AnEmptyChannelHasNoHeadAndNoEntries) {
    const auto channel = fresh<ChannelId>();
    EXPECT_EQ(head(channel), nullptr);
    EXPECT_TRUE(range(channel, 1, 100).empty());
}

TEST_P(EntryStoreContract, KeepsEveryFieldOfEveryKind) {
    const auto channel = fresh<ChannelId>();
    const auto alice = fresh<UserId>();
    const std::vector<MemberChange> people{{alice, Role::admin}, {fresh<UserId>(), Role::member}};
    MessageBody full{"Grüße \xF0\x9F\x90\x87 \"'\\\n\t",
                     "poll",
                     R"({"a":[1,{"$b":"."}]})",
                     1,
                     {alice},
                     {"files/1.png"},
                     false};
    MessageBody blanked;
    blanked.blanked = true;
    std::vector<EntryPtr> log{
        share(with(
            channel, 1,
            ChannelBody{ChannelOp::created, true, "tea", "pic", HistoryAccess::since_join, "{}", people})),
        share(with(channel, 2, full)),
        share(with(channel, 3, EditBody{2, "other", false})),
        share(with(channel, 4, DeleteBody{2})),
        share(with(channel, 5, ReactBody{2, "\xF0\x9F\x91\x8D", false})),
        share(with(channel, 6, MemberBody{MemberOp::role, people})),
        share(with(channel, 7, blanked)),
    };
    auto last = message(channel, 8);
    last.nonce = "Ключ 🔑 $.%_'\"" + std::string(30, 'n');
    last.count = 1'000'000'007;
    last.message_seq = 9'007'199'254'740'993;  // Not a double.
    last.state_seq = 6;
    last.prev_state_seq = 1;
    last.at = time(1);
    log.push_back(share(last));
    fill(log);

    const auto stored = range(channel, 1, 100);
    ASSERT_EQ(stored.size(), log.size());
    for (std::size_t i = 0; i < log.size(); ++i)
        EXPECT_EQ(*stored[i], *log[i]) << "seq " << i + 1;
    EXPECT_EQ(*head(channel), *log.back());
}

TEST_P(EntryStoreContract, HeadFollowsEveryInsert) {
    const auto channel = fresh<ChannelId>();
    for (Seq seq = 1; seq <= 5; ++seq) {
        ASSERT_TRUE(insert(message(channel, seq)));
        EXPECT_EQ(head(channel)->seq, seq);
    }
}

TEST_P(EntryStoreContract, HeadAndRangeSpanBuckets) {
    const auto channel = fresh<ChannelId>();
    fill(messages(channel, 1, 2 * kBucketSize + 3));
    EXPECT_EQ(head(channel)->seq, 2 * kBucketSize + 3);
    EXPECT_EQ(seqs(range(channel, 120, 140)), counting(120, 140));
    EXPECT_EQ(seqs(range(channel, 1, 2 * kBucketSize + 3)), counting(1, 2 * kBucketSize + 3));
}

TEST_P(EntryStoreContract, ABucketsFirstEntryIsTheHead) {
    const auto channel = fresh<ChannelId>();
    fill(messages(channel, 1, kBucketSize + 1));
    EXPECT_EQ(head(channel)->seq, kBucketSize + 1);
}

TEST_P(EntryStoreContract, RangeIsInclusiveAscendingAndLimited) {
    const auto channel = fresh<ChannelId>();
    fill(messages(channel, 1, 20));
    EXPECT_EQ(seqs(range(channel, 5, 9)), counting(5, 9));
    EXPECT_EQ(seqs(range(channel, 5, 20, 3)), counting(5, 7));
    EXPECT_EQ(seqs(range(channel, 18, std::numeric_limits<Seq>::max())), counting(18, 20));
    EXPECT_TRUE(range(channel, 21, 30).empty());
    EXPECT_TRUE(range(fresh<ChannelId>(), 1, 20).empty());
}

TEST_P(EntryStoreContract, HeadsAnswersInTheOrderAsked) {
    const auto first = fresh<ChannelId>();
    const auto empty = fresh<ChannelId>();
    const auto second = fresh<ChannelId>();
    fill(messages(first, 1, 3));
    fill(messages(second, 1, kBucketSize + 2));
    const auto heads = run_task(port().heads({second, empty, first}, soon())).value();
    ASSERT_EQ(heads.size(), 3u);
    EXPECT_EQ(heads[0]->seq, kBucketSize + 2);
    EXPECT_EQ(heads[0]->channel, second);
    EXPECT_EQ(heads[1], nullptr);
    EXPECT_EQ(heads[2]->seq, 3u);
    EXPECT_TRUE(run_task(port().heads({}, soon())).value().empty());
}

TEST_P(EntryStoreContract, AnswersHeadsOfManyChannels) {
    std::vector<ChannelId> channels;
    for (int i = 0; i < 120; ++i)
        channels.push_back(fresh<ChannelId>());
    ASSERT_TRUE(insert(message(channels[3], 1)));
    ASSERT_TRUE(insert(message(channels[117], 1)));
    const auto heads = run_task(port().heads(channels, soon())).value();
    ASSERT_EQ(heads.size(), channels.size());
    for (std::size_t i = 0; i < channels.size(); ++i)
        EXPECT_EQ(heads[i] != nullptr, i == 3 || i == 117) << i;
}

TEST_P(EntryStoreContract, AFullRunIsStoredWhole) {
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(insert(messages(channel, 1, kRunEntriesMax)));
    EXPECT_EQ(seqs(range(channel, 1, 200)), counting(1, kRunEntriesMax));
}

TEST_P(EntryStoreContract, ATakenSeqIsRefusedAndKeepsItsEntry) {
    const auto channel = fresh<ChannelId>();
    const auto log = messages(channel, 1, 3);
    fill(log);
    const auto refused = insert(messages(channel, 3, 5));
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error(), Errc::taken);
    EXPECT_EQ(*range(channel, 3, 3).at(0), *log[2]);
    // The run is inserted in order, and its first entry stopped it.
    EXPECT_EQ(head(channel)->seq, 3u);

    const auto again = insert({log[2]});
    ASSERT_TRUE(again.has_error());
    EXPECT_EQ(again.error(), Errc::taken);
    ASSERT_TRUE(insert(messages(channel, 4, 5)));
    EXPECT_EQ(head(channel)->seq, 5u);
}

TEST_P(EntryStoreContract, OfManyAtOneSeqOneWins) {
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(insert(message(channel, 1)));
    std::vector<EntryPtr> rivals;
    std::vector<Task<Result<void>>> tasks;
    for (int i = 0; i < 8; ++i) {
        rivals.push_back(share(message(channel, 2, "rival " + std::to_string(i))));
        tasks.push_back(port().insert({rivals.back()}, {}, soon()));
    }
    const auto results = run_tasks(std::move(tasks));
    const auto stored = range(channel, 2, 2).at(0);
    int winners = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].has_error()) {
            EXPECT_EQ(results[i].error(), Errc::taken);
            continue;
        }
        ++winners;
        EXPECT_EQ(*stored, *rivals[i]);
    }
    EXPECT_EQ(winners, 1);
}

TEST_P(EntryStoreContract, ATakenRunDisturbsNoOther) {
    const auto busy = fresh<ChannelId>();
    ASSERT_TRUE(insert(message(busy, 1)));
    std::vector<ChannelId> others;
    std::vector<Task<Result<void>>> tasks;
    for (int i = 0; i < 12; ++i) {
        others.push_back(fresh<ChannelId>());
        tasks.push_back(port().insert(messages(others.back(), 1, 3), {}, soon()));
        tasks.push_back(port().insert(messages(busy, 1, 3), {}, soon()));
    }
    const auto results = run_tasks(std::move(tasks));
    for (std::size_t i = 0; i < results.size(); ++i)
        EXPECT_EQ(results[i].has_value(), i % 2 == 0) << i;
    for (const auto& other : others)
        EXPECT_EQ(seqs(range(other, 1, 10)), counting(1, 3));
    EXPECT_EQ(head(busy)->seq, 1u);
}

TEST_P(EntryStoreContract, FindsNoncesBySenderWithinTheChannel) {
    const auto channel = fresh<ChannelId>();
    const auto elsewhere = fresh<ChannelId>();
    auto mine = message(channel, 1);
    mine.nonce = "n";
    auto theirs = message(channel, 2);
    theirs.nonce = "n";
    auto second = message(channel, 3);
    second.sender = mine.sender;
    second.nonce = "n2";
    auto other = message(elsewhere, 1);
    other.sender = mine.sender;
    other.nonce = "n3";
    fill({share(mine), share(theirs), share(second)});
    ASSERT_TRUE(insert(other));

    const std::vector<NonceKey> keys{{mine.sender, "n"},
                                     {mine.sender, "n2"},
                                     {mine.sender, "n3"},
                                     {mine.sender, "N"},
                                     {theirs.sender, "n2"}};
    auto found = run_task(port().find_nonces(channel, keys, soon())).value();
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->seq < b->seq; });
    ASSERT_EQ(seqs(found), (std::vector<Seq>{1, 3}));
    EXPECT_EQ(*found[0], mine);
    EXPECT_EQ(*found[1], second);
    EXPECT_TRUE(run_task(port().find_nonces(channel, {}, soon())).value().empty());
}

TEST_P(EntryStoreContract, ARunWithAStoredNonceIsRefusedWhereThatIsAsked) {
    const auto channel = fresh<ChannelId>();
    const auto first = share(message(channel, 1));
    ASSERT_TRUE(insert({first}));
    const auto offer = [&](Seq seq, UserId sender, const std::string& nonce, Unless unless) {
        auto repeated = message(channel, seq + 1);
        repeated.sender = sender;
        repeated.nonce = nonce;
        std::vector<EntryPtr> run{share(message(channel, seq)), share(std::move(repeated))};
        return run_task(port().insert(std::move(run), std::move(unless), soon()));
    };
    const Unless unless{true, {}};
    EXPECT_EQ(offer(2, first->sender, first->nonce, unless).error(), Errc::taken);
    EXPECT_EQ(seqs(range(channel, 1, 100)), counting(1, 1)) << "nothing of the run is stored";
    EXPECT_TRUE(offer(2, fresh<UserId>(), first->nonce, unless)) << "another sender's";
    EXPECT_TRUE(offer(4, first->sender, "another", unless));
    auto elsewhere = message(fresh<ChannelId>(), 1);
    elsewhere.sender = first->sender;
    elsewhere.nonce = first->nonce;
    EXPECT_TRUE(run_task(port().insert({share(std::move(elsewhere))}, unless, soon())));
    // Retention may have given a log a later beginning, and not yet removed what is before it.
    EXPECT_TRUE(offer(6, first->sender, first->nonce, {}));
    EXPECT_EQ(seqs(range(channel, 1, 100)), counting(1, 7));
}

TEST_P(EntryStoreContract, FindsWhatTargetsABucketAfterASeq) {
    const auto channel = fresh<ChannelId>();
    auto log = messages(channel, 1, kBucketSize + 8);
    log[3] = share(with(channel, 4, EditBody{2, "x", false}));
    log[kBucketSize + 1] = share(with(channel, kBucketSize + 2, DeleteBody{3}));
    log[kBucketSize + 2] = share(with(channel, kBucketSize + 3, ReactBody{kBucketSize + 1, "+", true}));
    log[kBucketSize + 4] = share(with(channel, kBucketSize + 5, ReactBody{kBucketSize, "+", true}));
    fill(log);
    const auto targeting = [&](Bucket bucket, Seq after) {
        return seqs(run_task(port().targeting(channel, bucket, after, soon())).value());
    };
    EXPECT_EQ(targeting(0, 0), (std::vector<Seq>{4, kBucketSize + 2, kBucketSize + 5}));
    EXPECT_EQ(targeting(0, 4), (std::vector<Seq>{kBucketSize + 2, kBucketSize + 5}));
    EXPECT_EQ(targeting(0, kBucketSize + 5), std::vector<Seq>{});
    EXPECT_EQ(targeting(1, 0), (std::vector<Seq>{kBucketSize + 3}));
    EXPECT_EQ(targeting(2, 0), std::vector<Seq>{});
}

TEST_P(EntryStoreContract, ReadsTheEntriesAtPlacesOfManyChannels) {
    const auto first = fresh<ChannelId>();
    const auto second = fresh<ChannelId>();
    const auto log = messages(first, 1, kBucketSize + 1);
    fill(log);
    const auto other = message(second, 1);
    ASSERT_TRUE(insert(other));
    const std::vector<Place> places{{first, kBucketSize + 1},
                                    {first, kBucketSize + 2},
                                    {second, 1},
                                    {second, 2},
                                    {fresh<ChannelId>(), 1},
                                    {first, 7}};
    auto found = run_task(port().at(places, soon())).value();
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->seq < b->seq; });
    ASSERT_EQ(seqs(found), (std::vector<Seq>{1, 7, kBucketSize + 1}));
    EXPECT_EQ(*found[0], other);
    EXPECT_EQ(*found[1], *log[6]);
    EXPECT_EQ(*found[2], *log[kBucketSize]);
    EXPECT_TRUE(run_task(port().at({}, soon())).value().empty());
}

TEST_P(EntryStoreContract, ReadsAFewHundredPlaces) {
    const auto channel = fresh<ChannelId>();
    fill(messages(channel, 1, 200));
    std::vector<Place> places;
    for (Seq seq = 1; seq <= 300; ++seq)
        places.push_back({channel, seq});
    auto found = seqs(run_task(port().at(places, soon())).value());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, counting(1, 200));
}

TEST_P(EntryStoreContract, BlankingReplacesBodiesAndNothingElse) {
    const auto channel = fresh<ChannelId>();
    auto log = messages(channel, 1, kBucketSize + 3);
    log[4] = share(with(channel, 5, EditBody{3, "an edit", false}));
    log[kBucketSize + 1] = share(with(channel, kBucketSize + 2, EditBody{3, "a late edit", false}));
    fill(log);
    const auto left_of = [](const EntryPtr& entry) {
        Entry left = *entry;
        left.body = blanked(entry->body);
        return share(left);
    };
    const std::vector<EntryPtr> blanks{left_of(log[2]), left_of(log[4]), left_of(log[kBucketSize + 1])};
    ASSERT_TRUE(run_task(port().blank(blanks, soon())));
    log[2] = blanks[0];
    log[4] = blanks[1];
    log[kBucketSize + 1] = blanks[2];
    const auto expect_blanked = [&] {
        const auto stored = range(channel, 1, 1'000);
        ASSERT_EQ(stored.size(), log.size());
        for (std::size_t i = 0; i < log.size(); ++i)
            EXPECT_EQ(*stored[i], *log[i]) << "seq " << i + 1;
    };
    expect_blanked();
    const auto targeting = run_task(port().targeting(channel, 0, 0, soon())).value();
    EXPECT_EQ(seqs(targeting), (std::vector<Seq>{5, kBucketSize + 2}));
    EXPECT_TRUE(is_blanked(targeting[0]->body));
    // Found by its nonce as before.
    const std::vector<NonceKey> keys{{log[2]->sender, log[2]->nonce}};
    EXPECT_EQ(*run_task(port().find_nonces(channel, keys, soon())).value().at(0), *blanks[0]);

    ASSERT_TRUE(run_task(port().blank(blanks, soon()))) << "again";
    expect_blanked();
}

TEST_P(EntryStoreContract, BlankingWhatIsNotThereDoesNothing) {
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(insert(message(channel, 1)));
    auto absent = message(channel, 2);
    absent.body = blanked(absent.body);
    ASSERT_TRUE(run_task(port().blank({share(absent)}, soon())));
    EXPECT_EQ(head(channel)->seq, 1u);
    ASSERT_TRUE(run_task(port().blank({}, soon())));
}

TEST_P(EntryStoreContract, NotesOfDeletesAreKeptUntilForgotten) {
    const auto channel = fresh<ChannelId>();
    const auto note_at = [&](std::int64_t at, Seq target) {
        return Blanking{fresh<EntryId>(), channel, target, time(at)};
    };
    // Long ago, so that other tests' notes on the same database do not come in between.
    const std::vector<Blanking> notes{note_at(2'000, 7), note_at(1'000, 300), note_at(3'000, 7)};
    ASSERT_TRUE(run_task(port().note_blankings(notes, soon())));
    const auto mine = [&](std::int64_t before) {
        auto found = run_task(port().blankings(time(before), 1'000, soon())).value();
        std::erase_if(found, [&](const Blanking& note) { return note.channel != channel; });
        return found;
    };
    EXPECT_EQ(mine(3'001), (std::vector<Blanking>{notes[1], notes[0], notes[2]}));
    EXPECT_EQ(mine(3'000), (std::vector<Blanking>{notes[1], notes[0]}));
    EXPECT_EQ(run_task(port().blankings(time(3'001), 1, soon())).value().size(), 1u);

    auto again = notes[0];
    again.at = time(2'500);
    ASSERT_TRUE(run_task(port().note_blankings({again}, soon())));
    EXPECT_EQ(mine(3'001), (std::vector<Blanking>{notes[1], notes[0], notes[2]})) << "the first one stays";
    for (const auto& note : notes) {
        ASSERT_TRUE(run_task(port().forget_blanking(note.id, soon())));
        ASSERT_TRUE(run_task(port().forget_blanking(note.id, soon()))) << "again";
    }
    EXPECT_TRUE(mine(3'001).empty());
}

TEST_P(EntryStoreContract, ARemovedBucketIsGoneAndNothingElse) {
    const auto channel = fresh<ChannelId>();
    const auto other = fresh<ChannelId>();
    auto log = messages(channel, 1, 2 * kBucketSize + 3);
    log[4] = share(with(channel, 5, EditBody{3, "an edit", false}));
    log[kBucketSize + 1] = share(with(channel, kBucketSize + 2, EditBody{3, "a late edit", false}));
    fill(log);
    fill(messages(other, 1, 2));
    const auto expect_gone = [&](Seq before) {
        EXPECT_EQ(seqs(range(channel, 1, 1'000)), counting(before, 2 * kBucketSize + 3));
        EXPECT_EQ(head(channel)->seq, 2 * kBucketSize + 3);
        const std::vector<NonceKey> keys{{log[2]->sender, log[2]->nonce},
                                         {log.back()->sender, log.back()->nonce}};
        EXPECT_EQ(seqs(run_task(port().find_nonces(channel, keys, soon())).value()),
                  std::vector<Seq>{2 * kBucketSize + 3});
        const std::vector<Place> places{{channel, 1}, {channel, kBucketSize}, {channel, before}};
        EXPECT_EQ(seqs(run_task(port().at(places, soon())).value()), std::vector<Seq>{before});
        EXPECT_EQ(run_task(port().heads({other, channel}, soon())).value().at(1)->seq, 2 * kBucketSize + 3);
    };
    ASSERT_TRUE(run_task(port().remove_bucket(channel, 0, soon())));
    expect_gone(kBucketSize + 1);
    EXPECT_EQ(seqs(run_task(port().targeting(channel, 0, 0, soon())).value()),
              std::vector<Seq>{kBucketSize + 2});
    EXPECT_EQ(*range(channel, kBucketSize + 1, kBucketSize + 1).at(0), *log[kBucketSize]);
    ASSERT_TRUE(run_task(port().remove_bucket(channel, 0, soon()))) << "again";
    expect_gone(kBucketSize + 1);
    ASSERT_TRUE(run_task(port().remove_bucket(channel, 1, soon())));
    expect_gone(2 * kBucketSize + 1);
    EXPECT_TRUE(run_task(port().targeting(channel, 0, 0, soon())).value().empty());
    ASSERT_TRUE(insert(message(channel, 2 * kBucketSize + 4)));
    EXPECT_EQ(head(channel)->seq, 2 * kBucketSize + 4);
    EXPECT_EQ(seqs(range(other, 1, 10)), counting(1, 2));
    ASSERT_TRUE(run_task(port().remove_bucket(fresh<ChannelId>(), 0, soon())));
}

TEST_P(EntryStoreContract, WhoeverWasAcknowledgedReadsItAtOnce) {
    struct Author {
        static Task<bool> write_and_read(EntryStore& store, std::vector<EntryPtr> log, Deadline deadline) {
            for (const auto& entry : log) {
                std::vector<EntryPtr> run{entry};
                auto inserting = store.insert(std::move(run), {}, deadline);
                const auto inserted = co_await std::move(inserting);
                if (!inserted) co_return false;
                auto reading = store.head(entry->channel, deadline);
                const auto head = co_await std::move(reading);
                if (!head || !*head || (*head)->seq != entry->seq) co_return false;
            }
            co_return true;
        }
    };
    std::vector<Task<bool>> tasks;
    for (int i = 0; i < 16; ++i)
        tasks.push_back(Author::write_and_read(port(), messages(fresh<ChannelId>(), 1, 10), soon()));
    EXPECT_THAT(run_tasks(std::move(tasks)), ::testing::Each(true));
}

TEST_P(EntryStoreContract, APassedDeadlineEndsInTimedOut) {
    const auto channel = fresh<ChannelId>();
    const auto inserted = run_task(port().insert(messages(channel, 1, 1), {}, past()));
    ASSERT_TRUE(inserted.has_error());
    EXPECT_EQ(inserted.error(), Errc::timed_out);
    const auto read = run_task(port().head(channel, past()));
    ASSERT_TRUE(read.has_error());
    EXPECT_EQ(read.error(), Errc::timed_out);
}

}  // namespace warren::testing
