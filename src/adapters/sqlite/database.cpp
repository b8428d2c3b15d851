#include "adapters/sqlite/database.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "adapters/sqlite/migrations.hpp"
#include "adapters/sqlite/word_index.hpp"

namespace warren::adapters::sqlite {
namespace {

/// The file holds password hashes. SQLite gives its log and index the permissions of the file, which it would
/// itself make readable for everybody.
void make_private(const std::filesystem::path& file) {
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);
}

/// A connection that may write. All that the database shows afterwards is in the file and fsynced: a failed
/// fsync, or a process that was killed, may have left commits in the write-ahead log that only the page cache
/// has, and nothing may be built on those.
Result<std::unique_ptr<Connection>> open_writing(const std::filesystem::path& file, const std::string& vfs) {
    WARREN_TRY(connection, Connection::open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs));
    WARREN_TRY_VOID(
        connection->run_script("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA "
                               "temp_store=MEMORY; PRAGMA cache_size=-32768"));
    WARREN_TRY_VOID(migrate(*connection, file));
    WARREN_TRY(mode, connection->ask("PRAGMA journal_mode=WAL"));
    if (mode != "wal")
        return Error(Errc::unavailable, "The data folder's file system cannot hold a shared log.");
    WARREN_TRY_VOID(settle_nonces(*connection));
    WARREN_TRY_VOID(renew_words(*connection));
    WARREN_TRY(moved, connection->checkpoint(SQLITE_CHECKPOINT_TRUNCATE));
    if (!moved) return connection->note(SQLITE_BUSY);
    return connection;
}

Metrics& metrics_of(const Options& options, const std::unique_ptr<Metrics>& own) {
    return options.metrics ? *options.metrics : *own;
}

Writer::Options writer_options(const Options& options) {
    return {options.write_queue_max, options.write_queue_bytes_max, options.batch_max, options.retry_every,
            options.checkpoint_pages};
}

}  // namespace

Database::Database(Options options, Folder folder, std::unique_ptr<Metrics> own_metrics,
                   Writer::Opener open_writer, std::unique_ptr<Connection> writing)
    : options_(std::move(options)),
      own_metrics_(std::move(own_metrics)),
      folder_(std::move(folder)),
      reads_(metrics_of(options_, own_metrics_)
                 .counter("warren_sqlite_reads_total", "Reads executed, each in a transaction of its own.")),
      recent_(metrics_of(options_, own_metrics_)),
      nonces_(options_.nonces_moved_at_once),
      pool_(folder_.database(), options_.vfs),
      writer_(writer_options(options_), std::move(open_writer), std::move(writing), pool_, recent_, nonces_,
              metrics_of(options_, own_metrics_)),
      readers_(std::in_place, options_.readers, options_.read_queue_max) {}

Database::~Database() {
    readers_.reset();
    // The writer closes the file last: only it can leave it without a log beside it.
    pool_.shut();
}

Result<std::unique_ptr<Database>> open(Options options) {
    WARREN_TRY(folder, Folder::hold(options.folder));
    const auto file = folder.database();
    WARREN_TRY_VOID(check_file(file));
    make_private(file);
    auto open_writer = [file, vfs = options.vfs] { return open_writing(file, vfs); };
    WARREN_TRY(writing, open_writer());
    auto own_metrics = std::make_unique<Metrics>();
    auto* database = new Database(std::move(options), std::move(folder), std::move(own_metrics),
                                  std::move(open_writer), std::move(writing));
    return std::unique_ptr<Database>(database);
}

}  // namespace warren::adapters::sqlite
