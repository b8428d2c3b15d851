#pragma once
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "adapters/sqlite/entry_store.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/run_task.hpp"

namespace warren::testing {

/// A database in a folder of its own for this folder's tests, and entries to put into it.
class SqliteTest : public ::testing::Test {
protected:
    using Database = adapters::sqlite::Database;

    /// Before the members of a test that the database stands on.
    void TearDown() override { database_.reset(); }

    adapters::sqlite::Options options_for(const std::filesystem::path& folder) {
        adapters::sqlite::Options options;
        options.folder = folder;
        options.metrics = &metrics_;
        return options;
    }
    void open(adapters::sqlite::Options options) {
        database_.reset();
        database_ = adapters::sqlite::open(std::move(options)).value();
    }
    std::filesystem::path folder() const { return folder_.path() / "data"; }
    std::filesystem::path file() const { return folder() / "warren.db"; }

    template <class AnyId>
    static AnyId fresh() {
        static IdMaker maker(std::random_device{}());
        return maker.make<AnyId>(WallTime(std::chrono::milliseconds(1'764'000'000'000)));
    }
    /// A channel whose vocabularies are written so many entries late.
    static ChannelId delayed(Seq delay) {
        auto channel = fresh<ChannelId>();
        std::swap(channel.bytes.front(), channel.bytes.back());
        channel.bytes.back() = static_cast<std::uint8_t>(delay);
        return channel;
    }
    static Deadline soon() { return {std::chrono::steady_clock::now() + std::chrono::seconds(30)}; }
    static EntryPtr message(ChannelId channel, Seq seq, std::string text = "hi") {
        Entry entry;
        entry.channel = channel;
        entry.seq = seq;
        entry.id = fresh<EntryId>();
        entry.sender = fresh<UserId>();
        entry.nonce = entry.id.hex();
        entry.count = entry.message_seq = seq;
        entry.state_seq = 1;
        MessageBody body;
        body.text = std::move(text);
        entry.body = std::move(body);
        return std::make_shared<const Entry>(std::move(entry));
    }
    Task<Result<void>> inserting(EntryPtr entry, Deadline deadline) {
        std::vector<EntryPtr> run{std::move(entry)};
        return store().insert(std::move(run), {}, deadline);
    }
    Result<void> insert(ChannelId channel, Seq seq) {
        return run_task(inserting(message(channel, seq), soon()));
    }
    std::vector<EntryPtr> log_of(ChannelId channel) {
        return run_task(store().range(channel, 1, 1'000'000, 1'000'000, soon())).value();
    }
    adapters::sqlite::EntryStore store() { return adapters::sqlite::EntryStore(*database_); }
    double counted(const std::string& name) { return metrics_.counter(name, "").Value(); }

    TemporaryFolder folder_;
    Metrics metrics_;
    std::unique_ptr<Database> database_;
};

}  // namespace warren::testing
