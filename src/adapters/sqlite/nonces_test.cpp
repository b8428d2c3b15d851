#include "adapters/sqlite/nonces.hpp"

#include <atomic>
#include <mutex>
#include <thread>

#include "adapters/sqlite/sqlite_fixture_test.hpp"

namespace warren::testing {
namespace {

class SqliteNonces : public SqliteTest {
protected:
    void open_moving(std::size_t at_once) {
        auto options = options_for(folder());
        options.nonces_moved_at_once = at_once;
        open(std::move(options));
    }
    EntryPtr put(ChannelId channel, Seq seq) {
        auto entry = message(channel, seq);
        EXPECT_TRUE(run_task(inserting(entry, soon())));
        return entry;
    }
    std::vector<EntryPtr> fill(ChannelId channel, Seq count) {
        std::vector<EntryPtr> out;
        for (Seq seq = 1; seq <= count; ++seq)
            out.push_back(put(channel, seq));
        return out;
    }
    std::vector<EntryPtr> found(const std::vector<EntryPtr>& entries) {
        return run_task(store().find_nonces(entries.front()->channel, nonces_of(entries), soon())).value();
    }
    /// Whether `entry` at the next place is refused.
    bool repeats(EntryPtr entry, Seq next) {
        auto again = std::make_shared<Entry>(*entry);
        again->seq = next;
        Unless unless;
        unless.repeated = true;
        const auto result = run_task(store().insert({std::move(again)}, std::move(unless), soon()));
        return result.has_error() && result.error() == Errc::taken;
    }
    void expect_known(const std::vector<EntryPtr>& entries) {
        const auto all = found(entries);
        ASSERT_EQ(all.size(), entries.size());
        for (std::size_t i = 0; i < all.size(); ++i)
            EXPECT_EQ(*all[i], *entries[i]);
        for (const auto& entry : entries)
            EXPECT_TRUE(repeats(entry, entries.size() + 1)) << entry->seq;
    }
    int ask(const std::string& sql) {
        const auto connection = adapters::sqlite::Connection::open(file(), SQLITE_OPEN_READONLY, "").value();
        return std::stoi(connection->ask(sql).value());
    }
    void meddle(const std::string& sql) {
        database_.reset();
        const auto connection = adapters::sqlite::Connection::open(file(), SQLITE_OPEN_READWRITE, "").value();
        ASSERT_TRUE(connection->run_script(sql));
    }
};

TEST_F(SqliteNonces, AreKnownWhileNewWhileMovedAndAfterwards) {
    open_moving(50);
    const auto channel = fresh<ChannelId>();
    auto log = fill(channel, 49);
    EXPECT_EQ(ask("SELECT count(*) FROM nonces"), 0);
    expect_known(log);
    while (log.size() < 75)
        log.push_back(put(channel, log.size() + 1));
    const int moved = ask("SELECT count(*) FROM nonces");
    EXPECT_GT(moved, 0);
    EXPECT_LT(moved, 50);
    expect_known(log);
    while (log.size() < 300)
        log.push_back(put(channel, log.size() + 1));
    EXPECT_GE(ask("SELECT count(*) FROM nonces"), 150);
    EXPECT_LE(ask("SELECT count(*) FROM new_nonces"), 150);
    expect_known(log);
    open_moving(50);
    EXPECT_EQ(ask("SELECT count(*) FROM nonces"), 300);
    EXPECT_EQ(ask("SELECT count(*) FROM new_nonces"), 0);
    expect_known(log);
}

TEST_F(SqliteNonces, OfOtherSendersAndChannelsAreOthers) {
    open_moving(3);
    const auto channel = fresh<ChannelId>();
    const auto entry = put(channel, 1);
    auto other = std::make_shared<Entry>(*entry);
    other->sender = fresh<UserId>();
    EXPECT_FALSE(repeats(other, 2));
    other = std::make_shared<Entry>(*entry);
    other->channel = fresh<ChannelId>();
    EXPECT_FALSE(repeats(other, 1));
}

TEST_F(SqliteNonces, AHashThatLeadsElsewhereIsNoRepeat) {
    open_moving(3);
    const auto channel = fresh<ChannelId>();
    fill(channel, 2);
    const auto entry = message(channel, 3);
    const auto hash = adapters::sqlite::nonce_hash(channel, entry->sender, entry->nonce);
    meddle("INSERT INTO nonces VALUES (" + std::to_string(hash) + ", 1), (" + std::to_string(hash) + ", 77)");
    open_moving(3);
    EXPECT_TRUE(found({entry}).empty());
    EXPECT_FALSE(repeats(entry, 3));
    EXPECT_EQ(found({entry}).size(), 1U);
}

/// Of a run that was refused some were written, and then undone: their places, and the numbers of their rows,
/// are others' now.
TEST_F(SqliteNonces, OfWhatWasUndoneAreForgotten) {
    open_moving(8);
    const auto channel = fresh<ChannelId>();
    auto log = fill(channel, 1);
    std::vector<EntryPtr> undone;
    for (int round = 0; round < 30; ++round) {
        const auto next = log.size() + 1;
        undone.push_back(message(channel, next));
        const auto clash = run_task(store().insert({undone.back(), log.front()}, {}, soon()));
        ASSERT_EQ(clash.error(), Errc::taken);
        log.push_back(put(channel, next));
        expect_known(log);
        ASSERT_TRUE(found(undone).empty());
    }
    open_moving(8);
    expect_known(log);
    EXPECT_EQ(ask("SELECT count(*) FROM nonces"), static_cast<int>(log.size()));
}

TEST_F(SqliteNonces, GoWithTheirBucket) {
    for (const std::size_t at_once : {10U, 100U, 10'000U}) {
        open_moving(at_once);
        const auto channel = fresh<ChannelId>();
        auto log = fill(channel, kBucketSize + 20);
        ASSERT_TRUE(run_task(store().remove_bucket(channel, 0, soon())));
        const std::vector<EntryPtr> gone(log.begin(), log.begin() + kBucketSize);
        EXPECT_TRUE(found(gone).empty());
        EXPECT_EQ(found({log.begin() + kBucketSize, log.end()}).size(), 20U);
        for (Seq seq = log.size() + 1; seq <= 3 * kBucketSize; ++seq)
            put(channel, seq);
        database_.reset();
        open_moving(at_once);
        EXPECT_EQ(ask("SELECT count(*) FROM nonces"), static_cast<int>(2 * kBucketSize));
        ASSERT_TRUE(run_task(store().remove_bucket(channel, 1, soon())));
        ASSERT_TRUE(run_task(store().remove_bucket(channel, 2, soon())));
        EXPECT_EQ(ask("SELECT count(*) FROM nonces"), 0);
    }
}

TEST_F(SqliteNonces, OfAnOlderDatabaseAreKnown) {
    open_moving(10);
    const auto channel = fresh<ChannelId>();
    const auto log = fill(channel, 30);
    meddle(
        "DROP TABLE nonces; DROP TABLE new_nonces; PRAGMA user_version = 10;"
        "CREATE INDEX entries_by_nonce ON entries (channel, sender, nonce)");
    open_moving(10);
    expect_known(log);
    EXPECT_EQ(ask("SELECT count(*) FROM sqlite_schema WHERE name = 'entries_by_nonce'"), 0);
}

/// Who was acknowledged is found at every moment, also by a reader that looks while rows are moved.
TEST_F(SqliteNonces, AreFoundWhileTheyAreMoved) {
    open_moving(5);
    const auto channel = fresh<ChannelId>();
    std::mutex mutex;
    auto latest = fill(channel, 20);
    std::atomic<bool> done = false;
    std::atomic<int> looks = 0;
    std::thread reader([&] {
        while (!done) {
            std::unique_lock lock(mutex);
            const auto asked = latest;
            lock.unlock();
            EXPECT_EQ(found(asked).size(), asked.size());
            ++looks;
        }
    });
    for (Seq seq = 21; seq <= 2'000 || looks < 100; ++seq) {
        auto entry = put(channel, seq);
        const std::lock_guard lock(mutex);
        latest.erase(latest.begin());
        latest.push_back(std::move(entry));
    }
    done = true;
    reader.join();
}

}  // namespace
}  // namespace warren::testing
