#include <future>
#include <thread>

#include "adapters/sqlite/faulty_disk.hpp"
#include "adapters/sqlite/sqlite_fixture_test.hpp"

namespace warren::testing {
namespace {

using namespace std::chrono_literals;

/// On a disk that fails.
class SqliteFailure : public SqliteTest {
protected:
    void SetUp() override {
        options_ = options_for(folder());
        options_.vfs = FaultyDisk::name();
        options_.retry_every = 1h;
        open(options_);
    }
    void expect_unavailable(const Result<void>& result) {
        ASSERT_TRUE(result.has_error());
        EXPECT_EQ(result.error(), Errc::unavailable);
        EXPECT_FALSE(database_->health().ok);
        EXPECT_EQ(database_->health().reason, result.error().message);
    }
    /// A retry of each entry of `log` would be found to be one.
    void expect_nonces(const std::vector<EntryPtr>& log) {
        for (const auto& entry : log) {
            const auto found =
                run_task(store().find_nonces(entry->channel, nonces_of({entry}), soon())).value();
            ASSERT_EQ(found.size(), 1U) << entry->seq;
            ASSERT_EQ(*found.front(), *entry);
        }
    }
    static void expect_dense(const std::vector<EntryPtr>& log) {
        for (std::size_t i = 0; i < log.size(); ++i)
            ASSERT_EQ(log[i]->seq, i + 1);
    }

    /// As a process that ends and is started again; only a disk that works lets it start.
    void open_again(const adapters::sqlite::Options& options) {
        database_.reset();
        auto opened = adapters::sqlite::open(options);
        if (opened.has_error()) {
            disk_.heal();
            opened = adapters::sqlite::open(options);
        }
        database_ = std::move(opened).value();
    }
    /// Appends at the head as it is read, which may be further than what was acknowledged; the head that is
    /// known to be durable afterwards.
    Seq append_as_chat_would(ChannelId channel, Seq acknowledged) {
        const auto head = run_task(store().head(channel, soon()));
        if (head.has_error()) return acknowledged;
        const Seq at = *head ? (*head)->seq : 0;
        EXPECT_GE(at, acknowledged);
        return insert(channel, at + 1) ? at + 1 : acknowledged;
    }

    FaultyDisk disk_;
    adapters::sqlite::Options options_;
};

TEST_F(SqliteFailure, AFailedSyncIsNotAcknowledgedAndTheFileIsOpenedAgain) {
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(insert(channel, 1));
    const auto opens = disk_.opens();
    disk_.fail_syncs(SQLITE_IOERR_FSYNC);
    expect_unavailable(insert(channel, 2));
    expect_unavailable(insert(channel, 2));
    EXPECT_EQ(run_task(store().head(channel, soon())).error(), Errc::unavailable)
        << "what reads would show may never become durable";
    disk_.heal();
    // Its bytes may have reached the log's file and count as committed when that is read anew.
    const auto again = insert(channel, 2);
    EXPECT_TRUE(again || again.error() == Errc::taken);
    EXPECT_TRUE(database_->health().ok);
    EXPECT_GT(disk_.opens(), opens) << "a handle whose commit failed must not be used again";
    EXPECT_EQ(log_of(channel).size(), 2u);
    open(options_);
    EXPECT_EQ(log_of(channel).size(), 2u);
}

TEST_F(SqliteFailure, AFullDiskIsUnavailableUntilThereIsSpace) {
    const auto channel = fresh<ChannelId>();
    for (Seq seq = 1; seq <= 10; ++seq)
        ASSERT_TRUE(insert(channel, seq));
    disk_.fail_writes(SQLITE_FULL);
    expect_unavailable(insert(channel, 11));
    EXPECT_NE(database_->health().reason.find("full"), std::string::npos) << database_->health().reason;
    expect_unavailable(insert(channel, 11));
    EXPECT_EQ(log_of(channel).size(), 10u) << "reads go on";
    disk_.heal();
    ASSERT_TRUE(insert(channel, 11));
    EXPECT_TRUE(database_->health().ok);
    EXPECT_EQ(log_of(channel).size(), 11u);
}

TEST_F(SqliteFailure, RecoversWithoutBeingAsked) {
    options_.retry_every = 5ms;
    open(options_);
    disk_.fail_writes(SQLITE_FULL);
    expect_unavailable(insert(fresh<ChannelId>(), 1));
    disk_.heal();
    EXPECT_TRUE(wait_until([&] { return database_->health().ok; }, 10s));
    EXPECT_TRUE(insert(fresh<ChannelId>(), 1));
}

TEST_F(SqliteFailure, StaysDegradedWhileTryingFails) {
    options_.retry_every = 1ms;
    open(options_);
    disk_.fail_syncs(SQLITE_IOERR_FSYNC);
    expect_unavailable(insert(fresh<ChannelId>(), 1));
    const auto failures = counted("warren_sqlite_failures_total");
    EXPECT_TRUE(wait_until([&] { return counted("warren_sqlite_failures_total") > failures + 3; }, 10s));
    EXPECT_FALSE(database_->health().ok);
}

TEST_F(SqliteFailure, StaysDegradedWhileTheDiskIsFullThoughNobodyWrites) {
    options_.retry_every = 1ms;
    open(options_);
    disk_.fail_writes(SQLITE_FULL);
    expect_unavailable(insert(fresh<ChannelId>(), 1));
    const auto failures = counted("warren_sqlite_failures_total");
    EXPECT_TRUE(wait_until([&] { return counted("warren_sqlite_failures_total") > failures + 3; }, 10s));
    EXPECT_FALSE(database_->health().ok);
}

TEST_F(SqliteFailure, EverythingInTheFailedTransactionIsUnavailable) {
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(insert(channel, 1));
    disk_.fail_syncs(SQLITE_IOERR_FSYNC);
    std::vector<Task<Result<void>>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(inserting(message(i % 2 ? channel : fresh<ChannelId>(), 1), soon()));
    for (const auto& result : run_tasks(std::move(tasks)))
        expect_unavailable(result);
}

/// Syncs and writes fail at random and the power goes at the end: all that was acknowledged must be on the
/// disk, although nothing that was written before a failed sync ever gets there by a later one.
TEST_F(SqliteFailure, WhatWasAcknowledgedSurvivesFailuresAndThePowerGoing) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        TemporaryFolder made;
        TemporaryFolder left;
        auto options = options_for(made.path());
        options.vfs = FaultyDisk::name();
        options.checkpoint_pages = 1 + static_cast<int>(seed % 40);
        options.nonces_moved_at_once = 1 + seed % 10;
        open(options);
        std::mt19937 random(seed);
        const auto channel = fresh<ChannelId>();
        Seq acknowledged = 0;
        for (int round = 0; round < 60; ++round) {
            if (random() % 5 == 0) disk_.fail_syncs(SQLITE_IOERR_FSYNC);
            if (random() % 12 == 0) disk_.fail_writes(SQLITE_FULL);
            if (random() % 12 == 0) disk_.fail_writes(SQLITE_IOERR_WRITE);
            if (random() % 3 == 0) disk_.heal();
            if (random() % 25 == 0) open_again(options);
            acknowledged = append_as_chat_would(channel, acknowledged);
        }
        // Those of what is there, and was not written by a transaction that failed.
        disk_.heal();
        if (append_as_chat_would(channel, acknowledged) > acknowledged) expect_nonces(log_of(channel));
        disk_.write_remains(made.path(), left.path());
        disk_.heal();
        open(options_for(left.path()));
        const auto log = log_of(channel);
        expect_dense(log);
        ASSERT_GE(log.size(), acknowledged) << "seed " << seed;
        expect_nonces(log);
        database_.reset();
    }
}

/// A reader holds a checkpoint up half-way, SQLite counts its first half as done, and then the file's sync
/// fails.
TEST_F(SqliteFailure, WhatAHalfCheckpointCopiedSurvivesAFailedSyncAndThePowerGoing) {
    options_.checkpoint_pages = 200;
    open(options_);
    const auto channel = fresh<ChannelId>();
    Seq seq = 0;
    const auto append = [&](int entries) {
        for (int i = 0; i < entries; ++i)
            ASSERT_TRUE(run_task(inserting(message(channel, ++seq, std::string(3500, 'x')), soon())));
    };
    append(20);
    const int writes = disk_.database_writes();
    std::promise<void> reading;
    std::promise<void> enough;
    auto hold = [&](adapters::sqlite::Connection& connection) -> Result<std::string> {
        auto seen = connection.query("SELECT max(seq) FROM entries");
        WARREN_TRY_VOID(seen.step());
        reading.set_value();
        enough.get_future().wait();
        return seen.text(0);
    };
    std::thread reader([&] { EXPECT_EQ(run_task(database_->read(soon(), hold)).value(), "20"); });
    reading.get_future().wait();
    while (seq < 300 && disk_.database_writes() == writes)
        append(1);
    EXPECT_GT(disk_.database_writes(), writes) << "no checkpoint has begun";
    enough.set_value();
    reader.join();
    disk_.fail_database_syncs(SQLITE_IOERR_FSYNC);
    // A commit is answered before the checkpoint after it, whose failure only the next one may show.
    while (seq < 1000 && insert(channel, seq + 1))
        ++seq;
    EXPECT_FALSE(database_->health().ok);
    disk_.heal();
    append(1);
    TemporaryFolder left;
    disk_.write_remains(folder(), left.path());
    open(options_for(left.path()));
    const auto log = log_of(channel);
    expect_dense(log);
    EXPECT_EQ(log.size(), seq);
}

}  // namespace
}  // namespace warren::testing
