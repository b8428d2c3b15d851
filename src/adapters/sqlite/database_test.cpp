#include "adapters/sqlite/database.hpp"

#include <fstream>
#include <iterator>
#include <thread>

#include "adapters/sqlite/migrations.hpp"
#include "adapters/sqlite/sqlite_fixture_test.hpp"
#include "adapters/sqlite/user_store.hpp"

namespace warren::testing {
namespace {

namespace sqlite = adapters::sqlite;

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class SqliteDatabase : public SqliteTest {
protected:
    Error refused() {
        auto opened = sqlite::open(options_for(folder()));
        EXPECT_TRUE(opened.has_error());
        return opened.has_error() ? opened.error() : Error(Errc::internal);
    }
    /// Does something to the file that Warren does not know of.
    std::unique_ptr<sqlite::Connection> meddle(const std::string& sql) {
        constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        auto connection = sqlite::Connection::open(file(), kFlags, "").value();
        EXPECT_TRUE(connection->run_script(sql));
        return connection;
    }
    void make_and_close() {
        open(options_for(folder()));
        ASSERT_TRUE(insert(fresh<ChannelId>(), 1));
        database_.reset();
    }
};

TEST_F(SqliteDatabase, IsThereAgainAfterItWasClosed) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    for (Seq seq = 1; seq <= 200; ++seq)
        ASSERT_TRUE(insert(channel, seq));
    open(options_for(folder()));
    EXPECT_EQ(log_of(channel).size(), 200u);
}

TEST_F(SqliteDatabase, PagesThatAreHardlyUsedAreGivenBack) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    for (Seq seq = 1; seq <= 100; ++seq)
        ASSERT_TRUE(run_task(inserting(message(channel, seq, std::string(10'000, 'a')), soon())));
    const auto settles_below = [](sqlite3_int64 most) {
        for (int i = 0; i < 1'000 && sqlite3_memory_used() > most; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return sqlite3_memory_used() <= most;
    };
    // The writer's and a reader's, each a megabyte and more.
    ASSERT_EQ(log_of(channel).size(), 100u);
    const auto both = sqlite3_memory_used();
    for (std::size_t i = 0; i < sqlite::Connection::kQueriesOfABusyOne; ++i)
        ASSERT_TRUE(run_task(store().head(channel, soon())));
    database_->give_memory_back();
    EXPECT_TRUE(settles_below(both - 1'000'000));
    EXPECT_GT(sqlite3_memory_used(), 1'000'000) << "the reader was busy";
    database_->give_memory_back();
    EXPECT_TRUE(settles_below(both - 2'000'000));
    EXPECT_EQ(log_of(channel).size(), 100u);
}

TEST_F(SqliteDatabase, AnEmptyFileBecomesADatabaseOfTheNewestVersion) {
    std::filesystem::create_directories(folder());
    std::ofstream(file()).close();
    open(options_for(folder()));
    EXPECT_TRUE(insert(fresh<ChannelId>(), 1));
    database_.reset();
    EXPECT_EQ(meddle("")->ask("PRAGMA user_version").value(), std::to_string(sqlite::newest_version()));
}

TEST_F(SqliteDatabase, TheLogOfAnOlderOneIsKept) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    const auto first = message(channel, 1);
    ASSERT_TRUE(run_task(inserting(first, soon())));
    ASSERT_TRUE(insert(channel, 2));
    database_.reset();
    meddle(
        "CREATE TABLE older (channel BLOB NOT NULL, seq INTEGER NOT NULL, id BLOB, sender BLOB, nonce TEXT, "
        "at "
        "INTEGER, count INTEGER, message_seq INTEGER, state_seq INTEGER, prev_state_seq INTEGER, kind "
        "INTEGER, "
        "target_bucket INTEGER, body TEXT, words BLOB, PRIMARY KEY (channel, seq)) STRICT, WITHOUT ROWID;"
        "INSERT INTO older SELECT * FROM entries; DROP TABLE entries; ALTER TABLE older RENAME TO entries;"
        "DROP TABLE nonces; DROP TABLE new_nonces; PRAGMA user_version=8");
    open(options_for(folder()));
    EXPECT_EQ(log_of(channel).size(), 2u);
    const auto taken = insert(channel, 2);
    ASSERT_TRUE(taken.has_error());
    EXPECT_EQ(taken.error().code, Errc::taken);
    const auto found =
        run_task(store().find_nonces(channel, {{first->sender, first->nonce}}, soon())).value();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(*found.front(), *first);
    EXPECT_TRUE(insert(channel, 3));
}

TEST_F(SqliteDatabase, KeepsWhatItHoldsFromOtherUsersOfTheMachine) {
    open(options_for(folder()));
    ASSERT_TRUE(insert(fresh<ChannelId>(), 1));
    for (const auto* name : {"warren.db", "warren.db-wal", "warren.lock"}) {
        const auto mode = std::filesystem::status(folder() / name).permissions();
        EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
                  std::filesystem::perms::none)
            << name;
    }
}

TEST_F(SqliteDatabase, ANewerOneIsRefusedAndLeftAsItIs) {
    make_and_close();
    meddle("PRAGMA user_version=999; CREATE TABLE from_the_future (x)");
    const auto before = bytes_of(file());
    const auto error = refused();
    EXPECT_EQ(error, Errc::conflict);
    EXPECT_NE(error.message.find("newer"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("999"), std::string::npos) << error.message;
    EXPECT_EQ(bytes_of(file()), before);
}

TEST_F(SqliteDatabase, ANewerOneWhoseVersionIsInItsLogIsRefusedAndLeftAsItIs) {
    make_and_close();
    meddle("PRAGMA wal_autocheckpoint=0; PRAGMA user_version=999")->keep_files_on_close();
    const auto before = bytes_of(file());
    const auto log_before = bytes_of(folder() / "warren.db-wal");
    ASSERT_FALSE(log_before.empty());
    EXPECT_EQ(refused(), Errc::conflict);
    EXPECT_EQ(bytes_of(file()), before);
    EXPECT_EQ(bytes_of(folder() / "warren.db-wal"), log_before);
}

TEST_F(SqliteDatabase, WhatIsNotWarrensIsRefusedAndLeftAsItIs) {
    std::filesystem::create_directories(folder());
    std::ofstream(file()) << "a letter to my aunt";
    EXPECT_EQ(refused(), Errc::conflict);
    EXPECT_EQ(bytes_of(file()), "a letter to my aunt");
    std::filesystem::remove(file());
    meddle("CREATE TABLE aunts (name)");
    const auto before = bytes_of(file());
    EXPECT_EQ(refused(), Errc::conflict);
    EXPECT_EQ(bytes_of(file()), before);
    meddle("PRAGMA user_version=1");
    EXPECT_EQ(refused(), Errc::conflict);
}

TEST_F(SqliteDatabase, TwoCannotHoldOneFolder) {
    open(options_for(folder()));
    const auto error = refused();
    EXPECT_EQ(error, Errc::conflict);
    EXPECT_NE(error.message.find(std::to_string(::getpid())), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(folder().string()), std::string::npos) << error.message;
    database_.reset();
    open(options_for(folder()));
}

TEST_F(SqliteDatabase, AFolderThatCannotBeMadeIsNamed) {
    std::ofstream(folder_.path() / "data") << "not a folder";
    const auto error = refused();
    EXPECT_EQ(error, Errc::unavailable);
    EXPECT_NE(error.message.find(folder().string()), std::string::npos) << error.message;
}

TEST_F(SqliteDatabase, ADamagedFileIsUnavailableNotACrash) {
    make_and_close();
    auto bytes = bytes_of(file());
    std::fill(bytes.begin() + 100, bytes.end(), '\xff');
    std::ofstream(file(), std::ios::binary) << bytes;
    EXPECT_EQ(refused(), Errc::unavailable);
}

TEST_F(SqliteDatabase, AnEntryThatCannotBeDecodedIsAnErrorOfItsOwn) {
    const auto channel = fresh<ChannelId>();
    open(options_for(folder()));
    ASSERT_TRUE(insert(channel, 1));
    ASSERT_TRUE(insert(channel, 2));
    meddle("UPDATE entries SET body = '{' WHERE seq = 2");
    EXPECT_EQ(run_task(store().head(channel, soon())).error(), Errc::internal);
    EXPECT_EQ(run_task(store().range(channel, 1, 1, 10, soon())).value().size(), 1u);
    EXPECT_TRUE(database_->health().ok);
}

TEST_F(SqliteDatabase, AnotherProgramsLockIsUnavailableAndPasses) {
    open(options_for(folder()));
    {
        const auto other = meddle("BEGIN IMMEDIATE");
        EXPECT_EQ(insert(fresh<ChannelId>(), 1).error(), Errc::unavailable);
    }
    EXPECT_TRUE(insert(fresh<ChannelId>(), 1));
    EXPECT_TRUE(database_->health().ok);
}

/// Work, not time: no query may walk a table, whatever its size.
TEST_F(SqliteDatabase, EveryCallOfTheLogFindsItsRowsByAnIndex) {
    auto options = options_for(folder());
    options.readers = 1;
    open(options);
    const auto channel = fresh<ChannelId>();
    std::vector<Task<Result<void>>> tasks;
    for (Seq seq = 1; seq <= 1000; ++seq)
        tasks.push_back(inserting(message(channel, seq), soon()));
    run_tasks(std::move(tasks));
    const auto log = log_of(channel);
    ASSERT_EQ(log.size(), 1000u);
    const auto steps_of = [this](bool reset) {
        auto look = [reset](sqlite::Connection& connection) -> Result<int> {
            int most = 0;
            for (auto* s = sqlite3_next_stmt(connection.handle(), nullptr); s;
                 s = sqlite3_next_stmt(connection.handle(), s)) {
                most = std::max(most, sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, reset));
            }
            return most;
        };
        return run_task(database_->read(soon(), look)).value();
    };
    steps_of(true);
    run_task(store().head(channel, soon()));
    run_task(store().range(channel, 500, 501, 2, soon()));
    run_task(store().at({{channel, 700}}, soon()));
    run_task(store().targeting(channel, 0, 0, soon()));
    run_task(store().find_nonces(channel, {{log[500]->sender, log[500]->nonce}}, soon()));
    EXPECT_LT(steps_of(false), 150);
}

TEST_F(SqliteDatabase, ANewSessionSweepsAwayThatPersonsExpiredOnes) {
    open(options_for(folder()));
    sqlite::UserStore users(*database_);
    const auto at = [](int seconds) { return WallTime(std::chrono::seconds(seconds)); };
    const auto user = fresh<UserId>();
    for (std::uint8_t i = 1; i <= 3; ++i) {
        Session session{{i}, {i}, i == 3 ? user : (i == 1 ? user : fresh<UserId>()), at(i), at(i * 10)};
        if (i == 3) session.created_at = at(100);
        ASSERT_TRUE(run_task(users.put_session(session, soon())));
    }
    EXPECT_FALSE(run_task(users.session_by_token({1}, soon())).value()) << "expired";
    EXPECT_TRUE(run_task(users.session_by_token({2}, soon())).value()) << "another person's";
    EXPECT_TRUE(run_task(users.session_by_token({3}, soon())).value());
}

}  // namespace
}  // namespace warren::testing
