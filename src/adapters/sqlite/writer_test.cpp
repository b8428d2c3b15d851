#include "adapters/sqlite/writer.hpp"

#include <gmock/gmock.h>

#include <boost/asio/detached.hpp>

#include "adapters/sqlite/faulty_disk.hpp"
#include "adapters/sqlite/sqlite_fixture_test.hpp"

namespace warren::testing {
namespace {

using namespace std::chrono_literals;

/// On a disk that can be made to wait.
class SqliteWriter : public SqliteTest {
protected:
    void SetUp() override {
        options_ = options_for(folder());
        options_.vfs = FaultyDisk::name();
    }
    using Outcome = std::optional<Result<void>>;

    /// Lets `task` run up to where it waits for the writer, or to its end.
    void begin(Task<Result<void>> task, Outcome& outcome) {
        asio::co_spawn(io_, keep_result(std::move(task), outcome), asio::detached);
        io_.poll();
    }
    /// Begins the first task and, while its commit stands still, the others; their outcomes.
    std::vector<Outcome> behind_a_held_commit(std::vector<Task<Result<void>>> tasks) {
        std::vector<Outcome> outcomes(tasks.size());
        disk_.hold_syncs();
        begin(std::move(tasks[0]), outcomes[0]);
        disk_.await_held();
        for (std::size_t i = 1; i < tasks.size(); ++i)
            begin(std::move(tasks[i]), outcomes[i]);
        disk_.release();
        finish();
        return outcomes;
    }
    void finish() {
        io_.restart();
        io_.run();
    }

    FaultyDisk disk_;
    adapters::sqlite::Options options_;
    asio::io_context io_;
};

TEST_F(SqliteWriter, WhatWaitsDuringACommitIsCommittedTogether) {
    open(options_);
    const auto before = counted("warren_sqlite_commits_total");
    std::vector<Task<Result<void>>> tasks;
    for (int i = 0; i < 100; ++i)
        tasks.push_back(inserting(message(fresh<ChannelId>(), 1), soon()));
    for (const auto& outcome : behind_a_held_commit(std::move(tasks)))
        EXPECT_TRUE(*outcome);
    EXPECT_EQ(counted("warren_sqlite_writes_total"), 100);
    EXPECT_EQ(counted("warren_sqlite_commits_total") - before, 2) << "the first, then all the others";
}

TEST_F(SqliteWriter, ARefusedWriteDisturbsNoOtherOfItsTransaction) {
    open(options_);
    const auto channel = fresh<ChannelId>();
    ASSERT_TRUE(insert(channel, 1));
    std::vector<Task<Result<void>>> tasks;
    std::vector<ChannelId> others;
    for (int i = 0; i < 20; ++i) {
        others.push_back(fresh<ChannelId>());
        tasks.push_back(inserting(message(others.back(), 1), soon()));
        // Its first entry fits, its second is taken: both must go.
        std::vector<EntryPtr> run{message(others.back(), 2), message(channel, 1)};
        tasks.push_back(store().insert(std::move(run), {}, soon()));
    }
    const auto results = behind_a_held_commit(std::move(tasks));
    for (std::size_t i = 0; i < results.size(); ++i) {
        ASSERT_EQ(results[i]->has_value(), i % 2 == 0);
        EXPECT_TRUE(i % 2 == 0 || results[i]->error() == Errc::taken);
    }
    for (const auto& other : others)
        EXPECT_EQ(log_of(other).size(), 1u);
}

TEST_F(SqliteWriter, RefusesWhatIsBeyondItsQueue) {
    options_.write_queue_max = 4;
    open(options_);
    std::vector<Task<Result<void>>> tasks;
    for (int i = 0; i < 11; ++i)
        tasks.push_back(inserting(message(fresh<ChannelId>(), 1), soon()));
    const auto results = behind_a_held_commit(std::move(tasks));
    const auto refused = std::count_if(results.begin(), results.end(), [](const auto& result) {
        return result->has_error() && result->error() == Errc::overloaded;
    });
    EXPECT_EQ(refused, 6);
    EXPECT_TRUE(*results[0]);
    EXPECT_TRUE(*results[4]);
}

TEST_F(SqliteWriter, RefusesBytesBeyondItsQueue) {
    options_.write_queue_bytes_max = 100'000;
    open(options_);
    const auto result =
        run_task(inserting(message(fresh<ChannelId>(), 1, std::string(100'000, 'x')), soon()));
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error(), Errc::overloaded);
    EXPECT_TRUE(insert(fresh<ChannelId>(), 1));
}

TEST_F(SqliteWriter, AWriteWhoseDeadlinePassedWhileItWaitedIsNotExecuted) {
    open(options_);
    const auto channel = fresh<ChannelId>();
    Outcome first;
    Outcome second;
    disk_.hold_syncs();
    begin(inserting(message(channel, 1), soon()), first);
    disk_.await_held();
    const Deadline brief{std::chrono::steady_clock::now() + 1ms};
    begin(inserting(message(channel, 2), brief), second);
    EXPECT_TRUE(wait_until([&] { return brief.passed(std::chrono::steady_clock::now()); }, 5s));
    disk_.release();
    finish();
    EXPECT_TRUE(*first);
    ASSERT_TRUE(second->has_error());
    EXPECT_EQ(second->error(), Errc::timed_out);
    EXPECT_EQ(log_of(channel).size(), 1u);
}

TEST_F(SqliteWriter, TheDestructorEndsAfterWhatWasAccepted) {
    open(options_);
    const auto channel = fresh<ChannelId>();
    std::vector<Outcome> results(50);
    disk_.hold_syncs();
    for (std::size_t i = 0; i < results.size(); ++i)
        begin(inserting(message(channel, i + 1), soon()), results[i]);
    disk_.release();
    database_.reset();
    finish();
    for (const auto& result : results)
        EXPECT_TRUE(*result);
    open(options_);
    EXPECT_EQ(log_of(channel).size(), 50u);
}

TEST_F(SqliteWriter, TheWriteAheadLogStaysShort) {
    options_.checkpoint_pages = 16;
    open(options_);
    const auto channel = fresh<ChannelId>();
    std::uintmax_t longest = 0;
    for (Seq seq = 1; seq <= 400; ++seq) {
        ASSERT_TRUE(run_task(inserting(message(channel, seq, std::string(1000, 'x')), soon())));
        longest = std::max(longest, std::filesystem::file_size(folder() / "warren.db-wal"));
    }
    EXPECT_LT(longest, 16u * 4096 * 3);
}

TEST_F(SqliteWriter, ManyThreadsWriteAndReadWhatTheyWrote) {
    open(options_);
    const auto author = [this] {
        const auto channel = fresh<ChannelId>();
        for (Seq seq = 1; seq <= 30; ++seq) {
            ASSERT_TRUE(insert(channel, seq));
            const auto head = run_task(store().head(channel, soon())).value();
            ASSERT_TRUE(head);
            EXPECT_EQ(head->seq, seq);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back(author);
    for (auto& thread : threads)
        thread.join();
}

}  // namespace
}  // namespace warren::testing
