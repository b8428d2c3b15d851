#include "adapters/sqlite/writer.hpp"

namespace warren::adapters::sqlite {

Writer::Writer(Options options, Opener open, std::unique_ptr<Connection> first, ReaderPool& readers,
               Recent& recent, Nonces& nonces, Metrics& metrics)
    : options_(options),
      open_(std::move(open)),
      readers_(readers),
      recent_(recent),
      nonces_(nonces),
      writes_(metrics.counter("warren_sqlite_writes_total", "Writes executed.")),
      commits_(metrics.counter("warren_sqlite_commits_total", "Transactions committed.")),
      failures_(metrics.counter("warren_sqlite_failures_total", "Transactions that failed.")),
      commit_seconds_(metrics.seconds("warren_sqlite_commit_seconds", "From BEGIN to the end of COMMIT.")),
      connection_(std::move(first)),
      checkpoint_due_(options.checkpoint_pages),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

Health Writer::health() const {
    const std::lock_guard lock(mutex_);
    return health_;
}

void Writer::give_memory_back() {
    {
        const std::lock_guard lock(mutex_);
        giving_back_ = true;
    }
    wake_.notify_one();
}

void Writer::enqueue(std::unique_ptr<Write> write) {
    std::unique_lock lock(mutex_);
    const bool full =
        queue_.size() >= options_.queue_max || queue_bytes_ + write->bytes > options_.queue_bytes_max;
    if (full) {
        lock.unlock();
        write->fail(Errc::overloaded);
        write->resolve();
        return;
    }
    queue_bytes_ += write->bytes;
    queue_.push_back(std::move(write));
    if (queue_.size() == 1) wake_.notify_one();
}

void Writer::loop() {
    Batch batch;
    while (next_batch(batch)) {
        const auto committed = commit(batch);
        if (committed.has_error()) {
            failures_.Increment();
            for (const auto& write : batch)
                write->fail(committed.error());
        }
        // Before the answers: whoever reads a failure finds health saying why.
        set_health(committed.has_error() ? Health{false, committed.error().message} : Health{});
        for (const auto& write : batch)
            write->resolve();
        batch.clear();
        checkpoint_if_due();
    }
}

/// Everything that waits, at most `batch_max`; nothing (a probe) after `retry_every` while broken, or while
/// the log could not be emptied. False at the end.
bool Writer::next_batch(Batch& batch) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] {
        if (std::exchange(giving_back_, false) && connection_ && !connection_->take_busy())
            connection_->give_memory_back();
        return stopping_ || !queue_.empty();
    };
    if (health_.ok && !scrub_due_) {
        wake_.wait(lock, ready);
    } else {
        wake_.wait_for(lock, options_.retry_every, ready);
    }
    if (stopping_ && queue_.empty()) return false;
    while (!queue_.empty() && batch.size() < options_.batch_max) {
        queue_bytes_ -= queue_.front()->bytes;
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return true;
}

Result<void> Writer::commit(Batch& batch) {
    if (!connection_) {
        WARREN_TRY(opened, open_());
        connection_ = std::move(opened);
        nonces_.clear();
        readers_.admit();
        probing_ = true;
        checkpoint_due_ = options_.checkpoint_pages;
        wal_pages_seen_ = 0;
        // Opening emptied the log.
        scrub_due_.reset();
    }
    auto done = transact(batch);
    if (done.has_value()) done = scrub_if_due();
    if (done.has_error()) {
        close_broken();
        return done;
    }
    probing_ = false;
    return done;
}

/// A checkpoint that readers held up counts what it copied as done, without an fsync. If the disk then fails,
/// those pages may be gone, and the next checkpoint would not copy them again: SQLite forgets the count only
/// when every connection is closed, and then copies the whole log, of which each commit was fsynced.
void Writer::close_broken() {
    const bool disk_failed = connection_->disk_failed();
    if (disk_failed) connection_->keep_files_on_close();
    connection_.reset();
    if (disk_failed) readers_.shut();
    recent_.clear();
}

Result<void> Writer::transact(Batch& batch) {
    const auto start = std::chrono::steady_clock::now();
    WARREN_TRY_VOID(connection_->query("BEGIN IMMEDIATE").run());
    if (probing_) {
        // The first transaction after a failure writes something even where nobody waits: that it commits is
        // what proves the disk well again.
        WARREN_TRY_VOID(connection_
                            ->query("INSERT INTO meta VALUES ('probe', 1) ON CONFLICT DO UPDATE SET "
                                    "value = value + 1")
                            .run());
    }
    for (const auto& write : batch) {
        WARREN_TRY_VOID(execute(*write));
    }
    WARREN_TRY_VOID(nonces_.move_some(*connection_));
    const auto changes = std::exchange(connection_->changes(), {});
    recent_.begin(changes);
    const auto committed = connection_->query("COMMIT").run();
    recent_.end(changes);
    if (!committed) return committed;
    nonces_.committed();
    commits_.Increment();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    commit_seconds_.Observe(took.count());
    return {};
}

Result<void> Writer::execute(Write& write) {
    if (write.deadline.passed(std::chrono::steady_clock::now())) {
        write.fail(Errc::timed_out);
        return {};
    }
    WARREN_TRY_VOID(connection_->query("SAVEPOINT one").run());
    const bool keep = write.execute(*connection_);
    if (connection_->failure()) return *connection_->failure();
    if (!keep) WARREN_TRY_VOID(connection_->query("ROLLBACK TO one").run());
    writes_.Increment();
    return connection_->query("RELEASE one").run();
}

void Writer::set_health(Health health) {
    const std::lock_guard lock(mutex_);
    if (health_.ok != health.ok) {
        if (health.ok) log::info("sqlite_recovered");
        if (!health.ok) log::error("sqlite_degraded", {{"reason", health.reason}});
    }
    health_ = std::move(health);
}

/// Empties the write-ahead log where a write asked for it. Our own readers are out of the way at once; where
/// another program keeps an older state open (a backup, a forgotten shell) it is tried again until that ends,
/// and nobody waits: what is in the log is shown to nobody, and goes at the next start at the latest.
Result<void> Writer::scrub_if_due() {
    const auto now = std::chrono::steady_clock::now();
    if (connection_->take_scrub() && !scrub_due_) scrub_due_ = now;
    if (!scrub_due_ || *scrub_due_ > now) return {};
    WARREN_TRY(emptied, connection_->scrub());
    scrub_due_.reset();
    if (!emptied) scrub_due_ = std::chrono::steady_clock::now() + options_.retry_every;
    return {};
}

/// Keeps the write-ahead log short. Gently at first; where readers always were in the way and it has grown to
/// twice the aim, by making new ones wait until it is empty.
void Writer::checkpoint_if_due() {
    if (!connection_) return;
    const int pages = connection_->wal_pages();
    if (pages < wal_pages_seen_) checkpoint_due_ = options_.checkpoint_pages;
    wal_pages_seen_ = pages;
    if (pages < checkpoint_due_) return;
    const bool urgent = pages >= 2 * options_.checkpoint_pages;
    const auto done =
        connection_->checkpoint(urgent ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
    checkpoint_due_ = pages + options_.checkpoint_pages;
    if (done.has_value()) return;
    failures_.Increment();
    set_health({false, done.error().message});
    close_broken();
}

}  // namespace warren::adapters::sqlite
