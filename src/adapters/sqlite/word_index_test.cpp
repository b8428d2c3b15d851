#include "adapters/sqlite/word_index.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "adapters/sqlite/sqlite_fixture_test.hpp"
#include "ports/entry_words.hpp"
#include "words/tokens.hpp"

namespace warren::testing {
namespace {

constexpr std::int64_t kStart = 1'764'000'000'000;

class SqliteWords : public SqliteTest {
protected:
    static words::Needles all_of(std::vector<std::string> words) { return {std::move(words), ""}; }
    static words::Needles beginning(std::string prefix) { return {{}, std::move(prefix)}; }
    Hits search(std::vector<ChannelId> channels, words::Needles needles, std::size_t limit = 100,
                std::optional<Hit> before = std::nullopt) {
        return run_task(store().search(std::move(channels), std::move(needles), before, limit, soon()))
            .value();
    }
    /// The seqs of the messages with that word.
    std::vector<Seq> seqs(ChannelId channel, std::string word) {
        std::vector<Seq> out;
        for (const auto& hit : search({channel}, all_of({std::move(word)})).hits)
            out.push_back(hit.seq);
        return out;
    }
    /// Runs `sql` on the closed database.
    void meddle(const std::string& sql) {
        database_.reset();
        const auto connection = adapters::sqlite::Connection::open(file(), SQLITE_OPEN_READWRITE, "").value();
        ASSERT_TRUE(connection->run_script(sql));
    }
    std::string ask(const std::string& sql) {
        const auto connection = adapters::sqlite::Connection::open(file(), SQLITE_OPEN_READONLY, "").value();
        return connection->ask(sql).value();
    }
    static EntryPtr said(ChannelId channel, Seq seq, std::string text, std::int64_t at) {
        auto entry = std::make_shared<Entry>(*message(channel, seq, std::move(text)));
        entry->at = WallTime(std::chrono::milliseconds(at));
        return entry;
    }
    static EntryPtr edit(ChannelId channel, Seq seq, Seq target, std::string text) {
        auto entry = std::make_shared<Entry>(*said(channel, seq, "", kStart));
        entry->body = EditBody{target, std::move(text), false};
        return entry;
    }
    void put(std::vector<EntryPtr> run) { ASSERT_TRUE(run_task(store().insert(std::move(run), {}, soon()))); }
    /// A log of `count` messages, each a millisecond after the last, that all say `text`.
    void fill(ChannelId channel, Seq count, const std::string& text) {
        std::vector<EntryPtr> run;
        for (Seq seq = 1; seq <= count; ++seq) {
            run.push_back(said(channel, seq, text, kStart + static_cast<std::int64_t>(seq)));
            if (run.size() == 64 || seq == count) put(std::exchange(run, {}));
        }
    }
    void blank(const std::vector<EntryPtr>& entries) {
        std::vector<EntryPtr> blanks;
        for (const auto& entry : entries) {
            auto left = std::make_shared<Entry>(*entry);
            left->body = blanked(entry->body);
            blanks.push_back(std::move(left));
        }
        ASSERT_TRUE(run_task(store().blank(std::move(blanks), soon())));
    }
};

TEST_F(SqliteWords, OfAnEditLieInTheBucketOfItsMessage) {
    const auto channel = delayed(0);
    open(options_for(folder()));
    fill(channel, 100, "milk");
    put({edit(channel, 101, 7, "early tea")});
    EXPECT_EQ(seqs(channel, "early"), std::vector<Seq>{7}) << "while the bucket grows";
    std::vector<EntryPtr> rest;
    for (Seq seq = 102; seq <= 128; ++seq)
        rest.push_back(said(channel, seq, "milk", kStart));
    rest.back() = edit(channel, 128, 8, "last tea");
    put(rest);
    EXPECT_EQ(seqs(channel, "early"), std::vector<Seq>{7});
    EXPECT_EQ(seqs(channel, "last"), std::vector<Seq>{8});
    put({edit(channel, 129, 9, "late tea"), edit(channel, 130, 9, "milk")});
    EXPECT_EQ(seqs(channel, "late"), std::vector<Seq>{9});
    EXPECT_EQ(seqs(channel, "tea"), (std::vector<Seq>{9, 8, 7}));
    EXPECT_EQ(search({channel}, all_of({"late", "early"})).hits.size(), 0U) << "of one entry";
    database_.reset();
    EXPECT_EQ(ask("SELECT count(*) FROM vocabularies"), "1");
}

TEST_F(SqliteWords, OfFullBucketsAreFoundByTheirVocabulary) {
    const auto channel = delayed(0);
    open(options_for(folder()));
    fill(channel, 300, "milk");
    put({said(channel, 301, "tea", kStart)});
    EXPECT_EQ(search({channel}, all_of({"milk"}), 500).hits.size(), 300U);
    // What it does not name is not looked for in its bucket; the bucket that is not full needs none,
    // nor for a while does the one before.
    meddle("UPDATE vocabularies SET words = x'0000' WHERE bucket = 0");
    open(options_for(folder()));
    EXPECT_EQ(search({channel}, all_of({"milk"}), 500).hits.size(), 172U);
    meddle("DELETE FROM vocabularies");
    open(options_for(folder()));
    EXPECT_EQ(search({channel}, all_of({"milk"}), 500).hits.size(), 300U - 128U);
}

TEST_F(SqliteWords, AreFoundWhileAVocabularyIsStillToBeWritten) {
    const auto channel = delayed(10);
    open(options_for(folder()));
    fill(channel, 126, "milk");
    put({said(channel, 127, "tea", kStart), said(channel, 128, "early tea", kStart)});
    put({edit(channel, 129, 7, "late tea")});
    EXPECT_EQ(seqs(channel, "tea"), (std::vector<Seq>{7, 128, 127}));
    blank({said(channel, 128, "", kStart)});
    EXPECT_EQ(seqs(channel, "early"), std::vector<Seq>{});
    for (Seq seq = 130; seq < 138; ++seq)
        put({said(channel, seq, "milk", kStart)});
    database_.reset();
    EXPECT_EQ(ask("SELECT count(*) FROM vocabularies"), "0");
    open(options_for(folder()));
    put({edit(channel, 138, 8, "latest tea")});
    EXPECT_EQ(seqs(channel, "tea"), (std::vector<Seq>{8, 7, 127}));
    database_.reset();
    EXPECT_EQ(ask("SELECT count(*) FROM vocabularies WHERE NOT instr(words, 'early')"), "1");
    open(options_for(folder()));
    put({said(channel, 139, "milk", kStart)});
    EXPECT_EQ(search({channel}, all_of({"milk"}), 500).hits.size(), 126U + 8U + 1U);
}

TEST_F(SqliteWords, OfChannelsThatFillAlikeAreListedByTurns) {
    std::set<Seq> delays;
    for (int i = 0; i < 40; ++i)
        delays.insert(adapters::sqlite::vocabulary_delay(fresh<ChannelId>()));
    EXPECT_EQ(delays.size(), 40U);
}

TEST_F(SqliteWords, TooManyForAVocabularyAreFoundAllTheSame) {
    const auto channel = delayed(0);
    open(options_for(folder()));
    fill(channel, 129, "milk");
    std::string text = "tea";
    for (int round = 0; round < 12; ++round) {
        for (int n = 0; n < 1'500; ++n)
            text += " word" + std::to_string(round * 1'500 + n);
        put({edit(channel, 130 + static_cast<Seq>(round), 5, std::exchange(text, ""))});
    }
    EXPECT_EQ(seqs(channel, "tea"), std::vector<Seq>{5});
    EXPECT_EQ(seqs(channel, "word17999"), std::vector<Seq>{5});
    EXPECT_EQ(seqs(channel, "word18000"), std::vector<Seq>{});
    EXPECT_EQ(ask("SELECT words IS NULL FROM vocabularies"), "1");
    for (Seq seq = 130; seq < 142; ++seq)
        blank({edit(channel, seq, 5, "")});
    EXPECT_EQ(seqs(channel, "word17999"), std::vector<Seq>{});
    EXPECT_EQ(ask("SELECT hex(words) FROM vocabularies"), "006D696C6B00");
}

TEST_F(SqliteWords, AreMadeAnewWhereAnotherVersionMadeThem) {
    const auto channel = delayed(0);
    const auto other = delayed(0);
    open(options_for(folder()));
    fill(channel, 1'499, "milk");
    put({said(channel, 1'500, "tea", kStart + 1'500), edit(channel, 1'501, 2, "tea")});
    put({said(other, 1, "tea", kStart)});
    meddle(
        "UPDATE entries SET words = CASE seq WHEN 2 THEN x'006F6C6400' END;"
        "UPDATE vocabularies SET words = x'006F6C6400';"
        "INSERT INTO vocabularies VALUES (x'01', 7, 1, 1, x'006F6C6400');"
        "UPDATE meta SET value = value - 1 WHERE key = 'words_version'");
    open(options_for(folder()));
    EXPECT_EQ(seqs(channel, "tea"), (std::vector<Seq>{1'500, 2}));
    EXPECT_EQ(seqs(channel, "old"), std::vector<Seq>{});
    EXPECT_EQ(seqs(other, "tea"), std::vector<Seq>{1});
    EXPECT_EQ(search({channel}, all_of({"milk"}), 2'000).hits.size(), 1'499U);
    EXPECT_EQ(ask("SELECT count(*) FROM vocabularies"), "11");
    EXPECT_EQ(ask("SELECT value FROM meta WHERE key = 'words_version'"),
              std::to_string(words::tokens_version()));
}

TEST_F(SqliteWords, WhoseRenewalWasInterruptedAreNotMadeTwice) {
    const auto channel = delayed(0);
    open(options_for(folder()));
    fill(channel, 400, "milk");
    // As if it had come down to bucket 1.
    meddle(
        "DELETE FROM vocabularies WHERE bucket = 0; UPDATE entries SET words = NULL WHERE seq <= 128;"
        "UPDATE vocabularies SET words = CAST(words || x'6B65707400' AS BLOB) WHERE bucket = 2;"
        "UPDATE meta SET value = -value WHERE key = 'words_version'");
    open(options_for(folder()));
    EXPECT_EQ(search({channel}, all_of({"milk"}), 500).hits.size(), 400U);
    EXPECT_EQ(ask("SELECT count(*) FROM vocabularies WHERE instr(words, x'006B65707400')"), "1");
    EXPECT_EQ(ask("SELECT value FROM meta WHERE key = 'words_version'"),
              std::to_string(words::tokens_version()));
}

TEST_F(SqliteWords, AreMadeForADatabaseThatHadARowForEach) {
    std::filesystem::create_directories(folder());
    std::string sql =
        "PRAGMA application_id = 0x5772726e; PRAGMA user_version = 6;"
        "BEGIN; CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE channels (id BLOB PRIMARY KEY) STRICT;"
        "CREATE TABLE members (channel BLOB, user BLOB, from_seq INTEGER, to_seq INTEGER, role INTEGER, "
        "role_seq INTEGER); CREATE INDEX members_by_user ON members (user);"
        "CREATE TABLE words (channel BLOB, word TEXT, at INTEGER, seq INTEGER, PRIMARY KEY (channel, word, "
        "at, seq)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE entries (channel BLOB NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL, sender BLOB "
        "NOT "
        "NULL, nonce TEXT NOT NULL, at INTEGER NOT NULL, count INTEGER NOT NULL, message_seq INTEGER NOT "
        "NULL, state_seq INTEGER NOT NULL, prev_state_seq INTEGER NOT NULL, kind INTEGER NOT NULL, "
        "target_bucket INTEGER, body TEXT NOT NULL, PRIMARY KEY (channel, seq)) STRICT, WITHOUT ROWID;";
    sql += "INSERT INTO meta VALUES ('words_version', " + std::to_string(words::tokens_version()) + ");";
    for (int seq = 1; seq <= 130; ++seq) {
        sql += "INSERT INTO entries VALUES (x'112233445566778899aabbcc', " + std::to_string(seq) +
               R"(, x'', x'', '', 5, 0, 0, 0, 0, 0, NULL, '{"text":"tea"}');)";
    }
    const auto flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    ASSERT_TRUE(adapters::sqlite::Connection::open(file(), flags, "").value()->run_script(sql + "COMMIT"));
    open(options_for(folder()));
    const auto channel = ChannelId::parse("112233445566778899aabbcc").value();
    EXPECT_EQ(search({channel}, all_of({"tea"}), 200).hits.size(), 130U);
    EXPECT_EQ(ask("SELECT count(*) FROM sqlite_schema WHERE name = 'words'"), "0");
    EXPECT_EQ(ask("SELECT count(*) FROM vocabularies"), "1");
}

// A search that would take too long says how far it came.
TEST_F(SqliteWords, ALongSearchIsCutAndGoesOn) {
    const auto channel = delayed(0);
    open(options_for(folder()));
    fill(channel, 129, "tea");
    database_.reset();
    // Many more buckets with much to look at and nothing to find, as new as each other in threes, none of
    // which can be passed over by its times.
    std::string sql = "BEGIN;";
    for (int n = 2; n <= 701; ++n)
        sql += "INSERT INTO vocabularies SELECT channel, " + std::to_string(n) + ", newest + " +
               std::to_string(n / 3) + ", oldest, zeroblob(100000) FROM vocabularies WHERE bucket = 0;";
    meddle(sql + "COMMIT");
    open(options_for(folder()));
    std::vector<Hit> hits;
    std::optional<Hit> before;
    int pages = 0;
    do {
        const auto page = search({channel}, all_of({"tea"}), 100, before);
        ASSERT_TRUE(!page.more || !before || *page.more < *before);
        hits.insert(hits.end(), page.hits.begin(), page.hits.end());
        before = page.more;
        ++pages;
    } while (before);
    EXPECT_EQ(hits.size(), 129U);
    EXPECT_TRUE(std::is_sorted(hits.rbegin(), hits.rend()));
    EXPECT_GT(pages, 3) << "two of hits";
    EXPECT_LT(pages, 8);
}

/// Logs of many buckets, and what is to be found in them, found the simple way.
class SqliteWordsAtRandom : public SqliteWords, public ::testing::WithParamInterface<unsigned> {
protected:
    struct Log {
        ChannelId channel;
        std::vector<EntryPtr> entries;
    };

    std::size_t up_to(std::size_t most) { return random_() % (most + 1); }
    std::string some_text() {
        static const std::vector<std::string> kVocabulary{"tea", "teapot", "milk", "Zürich",
                                                          "猫",  "the",    "to"};
        std::string out;
        for (auto n = up_to(4); n > 0; --n)
            out += kVocabulary[up_to(kVocabulary.size() - 1)] + ' ';
        // Some words are in few buckets only.
        if (up_to(30) == 0) out += "rare" + std::to_string(up_to(9));
        return out;
    }
    /// Forward for the most part, with steps of clocks that were set, and many of one time.
    WallTime some_time() {
        clock_ += static_cast<std::int64_t>(up_to(2));
        const auto step = up_to(40) == 0 ? static_cast<std::int64_t>(up_to(4'000)) - 2'000 : 0;
        return WallTime(std::chrono::milliseconds(clock_ + step));
    }
    EntryPtr some_entry(Log& log) {
        const auto seq = log.entries.size() + 1;
        auto entry = std::make_shared<Entry>(*message(log.channel, seq, some_text()));
        entry->at = some_time();
        const auto target = seq > 1 ? 1 + up_to(seq - 2) : 0;
        if (target && log.entries[target - 1]->is_message()) {
            const auto dice = up_to(9);
            if (dice < 2) entry->body = EditBody{target, some_text(), false};
            if (dice == 2) entry->body = ReactBody{target, "tea", true};
        }
        return entry;
    }
    void write_some(Log& log) {
        std::vector<EntryPtr> run;
        for (auto n = 1 + up_to(99); n > 0; --n) {
            log.entries.push_back(some_entry(log));
            run.push_back(log.entries.back());
            if (run.back()->seq % kBucketSize == 0) break;
        }
        put(std::move(run));
    }
    /// A message and its edits, as a delete does.
    void blank_one(Log& log) {
        if (log.entries.empty()) return;
        const auto seq = 1 + up_to(log.entries.size() - 1);
        if (!log.entries[seq - 1]->is_message()) return;
        std::vector<EntryPtr> gone;
        for (auto& entry : log.entries) {
            if (searched_seq(*entry) != seq || entry->kind() == EntryKind::react) continue;
            gone.push_back(entry);
            auto left = std::make_shared<Entry>(*entry);
            left->body = blanked(entry->body);
            entry = std::move(left);
        }
        blank(gone);
    }
    static bool has(const Entry& entry, const words::Needles& needles) {
        const auto words = searched_words(entry);
        const auto begins = [&](auto& word) { return word.starts_with(needles.prefix); };
        if (needles.words.empty()) return std::any_of(words.begin(), words.end(), begins);
        return std::includes(words.begin(), words.end(), needles.words.begin(), needles.words.end());
    }
    std::vector<Hit> expected(const words::Needles& needles) const {
        std::set<Hit> out;
        for (const auto& log : logs_) {
            for (const auto& entry : log.entries) {
                const auto seq = searched_seq(*entry);
                if (has(*entry, needles)) out.insert({log.entries[seq - 1]->at, seq, log.channel});
            }
        }
        return {out.rbegin(), out.rend()};
    }
    std::vector<Hit> found(const words::Needles& needles) {
        std::vector<ChannelId> channels;
        for (const auto& log : logs_)
            channels.push_back(log.channel);
        std::vector<Hit> out;
        std::optional<Hit> before;
        do {
            const auto page = search(channels, needles, 1 + up_to(60), before);
            out.insert(out.end(), page.hits.begin(), page.hits.end());
            before = page.more;
        } while (before);
        return out;
    }
    void compare() {
        std::vector<words::Needles> asked{beginning("te"), beginning("rare"), all_of({"rare3"}),
                                          all_of({"none"})};
        asked.push_back(all_of(words::distinct_tokens("tea " + some_text())));
        asked.push_back(all_of(words::distinct_tokens("to " + some_text())));
        for (const auto& needles : asked)
            ASSERT_EQ(found(needles), expected(needles)) << ::testing::PrintToString(needles.words);
    }

    std::mt19937 random_{GetParam()};
    std::int64_t clock_ = kStart;
    std::vector<Log> logs_{{delayed(0), {}}, {delayed(up_to(127)), {}}, {delayed(127), {}}};
};

TEST_P(SqliteWordsAtRandom, AgreeWithANaiveModel) {
    open(options_for(folder()));
    for (int step = 1; step <= 120; ++step) {
        auto& log = logs_[std::min(up_to(3), up_to(2))];
        up_to(4) == 0 ? blank_one(log) : write_some(log);
        if (step % 20 == 0) compare();
        if (step % 50 != 0) continue;
        meddle("UPDATE meta SET value = 1 WHERE key = 'words_version'");
        open(options_for(folder()));
        compare();
    }
    EXPECT_GT(logs_[0].entries.size(), 5 * kBucketSize);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SqliteWordsAtRandom, ::testing::Range(1U, 7U));

}  // namespace
}  // namespace warren::testing
