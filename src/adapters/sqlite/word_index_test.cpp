#include "adapters/sqlite/word_index.hpp"

#include <fstream>
#include <iterator>

#include "adapters/sqlite/sqlite_fixture_test.hpp"
#include "words/tokens.hpp"

namespace warren::testing {
namespace {

class SqliteWords : public SqliteTest {
protected:
    /// The seqs of the messages with that word.
    std::vector<Seq> search(ChannelId channel, std::string word) {
        words::Needles needles{{std::move(word)}, ""};
        std::vector<Seq> out;
        auto searching = store().search({channel}, std::move(needles), std::nullopt, 100, soon());
        for (const auto& hit : run_task(std::move(searching)).value().hits)
            out.push_back(hit.seq);
        return out;
    }
    /// Runs `sql` on the closed database.
    void meddle(const std::string& sql) {
        database_.reset();
        const auto connection = adapters::sqlite::Connection::open(file(), SQLITE_OPEN_READWRITE, "").value();
        ASSERT_TRUE(connection->run_script(sql));
    }
    static EntryPtr edit(ChannelId channel, Seq seq, Seq target, std::string text) {
        auto entry = std::make_shared<Entry>(*message(channel, seq));
        entry->at = WallTime(std::chrono::milliseconds(5'000));
        entry->body = EditBody{target, std::move(text), false};
        return entry;
    }
};

TEST_F(SqliteWords, AreMadeAnewWhereAnotherVersionMadeThem) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    for (Seq seq = 1; seq <= 1'500; ++seq)
        ASSERT_TRUE(run_task(inserting(message(channel, seq, seq % 500 == 0 ? "tea" : "milk"), soon())));
    ASSERT_TRUE(run_task(inserting(edit(channel, 1'501, 2, "tea"), soon())));
    meddle(
        "DELETE FROM words; INSERT INTO words VALUES (x'00', 'old', 1, 1);"
        "UPDATE meta SET value = value - 1 WHERE key = 'words_version'");
    open(options_for(folder()));
    EXPECT_EQ(search(channel, "tea"), (std::vector<Seq>{1'500, 1'000, 500, 2}));
    database_.reset();
    const auto connection = adapters::sqlite::Connection::open(file(), SQLITE_OPEN_READWRITE, "").value();
    EXPECT_EQ(connection->ask("SELECT count(*) FROM words WHERE word = 'old'").value(), "0");
    EXPECT_EQ(connection->ask("SELECT value FROM meta WHERE key = 'words_version'").value(),
              std::to_string(words::tokens_version()));
}

TEST_F(SqliteWords, AreLeftAloneOtherwise) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    ASSERT_TRUE(run_task(inserting(message(channel, 1, "tea"), soon())));
    meddle("DELETE FROM words");
    open(options_for(folder()));
    EXPECT_EQ(search(channel, "tea"), std::vector<Seq>{});
}

TEST_F(SqliteWords, ThatAreForgottenAreNowhereInTheFile) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    const auto kept = message(channel, 1, "tea is xylophonic");
    const auto gone = message(channel, 2, "tea is quixotically hot");
    const auto edited = edit(channel, 3, 2, "tea is zymurgically cold");
    for (const auto& entry : {kept, gone, edited})
        ASSERT_TRUE(run_task(inserting(entry, soon())));
    auto forget = [gone, edited](adapters::sqlite::Connection& connection) -> Result<void> {
        WARREN_TRY_VOID(adapters::sqlite::forget_words(connection, *gone));
        WARREN_TRY_VOID(adapters::sqlite::forget_words(connection, *edited));
        return connection.run_script("UPDATE entries SET body = '{}' WHERE seq > 1");
    };
    ASSERT_TRUE(run_task(database_->write(soon(), 1, std::move(forget))));
    EXPECT_EQ(search(channel, "tea"), std::vector<Seq>{1});
    EXPECT_EQ(search(channel, "cold"), std::vector<Seq>{});
    database_.reset();
    std::ifstream in(file(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    EXPECT_NE(bytes.find("xylophonic"), std::string::npos);
    EXPECT_EQ(bytes.find("quixotically"), std::string::npos);
    EXPECT_EQ(bytes.find("zymurgically"), std::string::npos);
}

// A search that would take too many steps says how far it came.
TEST_F(SqliteWords, ALongSearchIsCutAndGoesOn) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    // By turns one or the other, so that each step in one list skips nothing of the other; both at last.
    ASSERT_TRUE(run_task(inserting(message(channel, 1, "tea milk"), soon())));
    database_.reset();
    std::string sql = "BEGIN;";
    for (int n = 0; n < 24'000; ++n)
        sql += "INSERT INTO words SELECT channel, '" + std::string(n % 2 ? "tea" : "milk") + "', at + 1, " +
               std::to_string(n + 2) + " FROM entries;";
    meddle(sql + "COMMIT");
    open(options_for(folder()));
    const words::Needles both{{"milk", "tea"}, ""};
    auto searching = store().search({channel}, both, std::nullopt, 10, soon());
    const auto first = run_task(std::move(searching)).value();
    EXPECT_TRUE(first.hits.empty());
    ASSERT_TRUE(first.more);
    auto going_on = store().search({channel}, both, first.more, 10, soon());
    const auto second = run_task(std::move(going_on)).value();
    ASSERT_EQ(second.hits.size(), 1U);
    EXPECT_EQ(second.hits[0].seq, 1U);
    EXPECT_FALSE(second.more);
}

}  // namespace
}  // namespace warren::testing
