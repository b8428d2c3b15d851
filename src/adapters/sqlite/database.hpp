#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "adapters/sqlite/folder.hpp"
#include "adapters/sqlite/nonces.hpp"
#include "adapters/sqlite/reader_pool.hpp"
#include "adapters/sqlite/recent.hpp"
#include "adapters/sqlite/writer.hpp"
#include "base/metrics.hpp"
#include "base/offload.hpp"

namespace warren::adapters::sqlite {

struct Options {
    /// Made where it is absent; holds warren.db, its write-ahead log and warren.lock.
    std::filesystem::path folder;
    std::size_t readers = 2;
    std::size_t read_queue_max = 10'000;
    std::size_t write_queue_max = 10'000;
    std::size_t write_queue_bytes_max = std::size_t{64} << 20;
    /// Writes in one transaction.
    std::size_t batch_max = 1'000;
    /// How often a broken database is tried again while nobody writes.
    std::chrono::milliseconds retry_every{1'000};
    /// Pages of 4 KiB at which the write-ahead log is moved into the file.
    int checkpoint_pages = 65'536;
    /// @see Nonces
    std::size_t nonces_moved_at_once = 65'536;
    /// Where `warren_sqlite_*` are counted; may be null. Outlives the database.
    Metrics* metrics = nullptr;
    /// SQLite's name of the file system beneath; empty: the system's. For tests.
    std::string vfs;
};

/// The embedded database: one file, one writer (@see Writer), a few readers that each see all that was
/// acknowledged before they began. EntryStore, ChannelStore and UserStore of this folder stand on it; it
/// outlives them and every call on them. Thread-safe. The destructor waits for the calls that were accepted.
class Database {
public:
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Whether writes succeed. Reads succeed while the disk is full, not while it fails.
    Health health() const { return writer_.health(); }
    const std::filesystem::path& folder() const { return folder_.path(); }
    /// Gives back the memory of connections that were hardly used since it was called before.
    void give_memory_back() {
        recent_.give_memory_back();
        pool_.close_idle();
        writer_.give_memory_back();
    }

    /// For the stores.
    Recent& recent() { return recent_; }
    /// For the stores.
    Nonces& nonces() { return nonces_; }
    /// For the stores. @see Writer::run
    template <class F>
    auto write(Deadline deadline, std::size_t bytes, F f) {
        return writer_.run(deadline, bytes, std::move(f));
    }
    /// For the stores: runs `f(connection)`, which returns a Result, on a reader's thread in a transaction
    /// that sees one state. @errors overloaded, timed_out, unavailable, and whatever `f` returns
    template <class F>
    Task<std::invoke_result_t<F&, Connection&>> read(Deadline deadline, F f) {
        using R = std::invoke_result_t<F&, Connection&>;
        auto job = [this, deadline, f = std::move(f)]() mutable -> R {
            if (deadline.passed(std::chrono::steady_clock::now())) return Error(Errc::timed_out);
            reads_.Increment();
            WARREN_TRY(connection, pool_.borrow());
            WARREN_TRY_VOID(connection->query("BEGIN").run());
            auto result = f(*connection);
            WARREN_TRY_VOID(connection->query("COMMIT").run());
            return result;
        };
        return readers_->run(std::move(job));
    }

private:
    friend Result<std::unique_ptr<Database>> open(Options options);
    Database(Options options, Folder folder, std::unique_ptr<Metrics> own_metrics, Writer::Opener open_writer,
             std::unique_ptr<Connection> writing);

    // In this order, so that the lock is freed last.
    const Options options_;
    const std::unique_ptr<Metrics> own_metrics_;
    const Folder folder_;
    prometheus::Counter& reads_;
    Recent recent_;
    Nonces nonces_;
    ReaderPool pool_;
    Writer writer_;
    std::optional<Offload> readers_;
};

/// Opens the database in `options.folder`, making or migrating it, and locks the folder. What is in it is
/// durable when this returns, even where an earlier process ended between writing and fsync.
/// @errors unavailable, conflict; the message says which file and what to do. A database of a newer Warren is
/// refused and left as it is, byte for byte.
Result<std::unique_ptr<Database>> open(Options options);

}  // namespace warren::adapters::sqlite
