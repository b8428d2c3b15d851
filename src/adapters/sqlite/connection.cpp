#include "adapters/sqlite/connection.hpp"

#include <cstring>

#include "adapters/sqlite/tidy_disk.hpp"
#include "base/log.hpp"

namespace warren::adapters::sqlite {
namespace {

/// How long another program may hold the file before a call gives up on it.
constexpr int kBusyMilliseconds = 1000;
/// Nobody waits longer than that because another program reads while the log is to be emptied.
constexpr int kBusyMillisecondsScrubbing = 100;

/// What a person can do about it; the code's low byte is its kind.
std::string advice(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return "The disk that holds the database is full. Free some space; Warren goes on by itself.";
        case SQLITE_IOERR:
            return "The disk that holds the database reports errors. Look at the system's log; Warren goes "
                   "on by "
                   "itself once writing succeeds.";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "Another program holds the database. Stop it.";
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return "The database file is damaged or is no database. Restore it from a backup.";
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return "The database file cannot be opened for writing. Check its owner and permissions and its "
                   "folder's.";
        default:
            return "The database refuses to work.";
    }
}

}  // namespace

Statement::~Statement() {
    if (!raw_) return;
    sqlite3_reset(raw_);
    sqlite3_clear_bindings(raw_);
}

void Statement::bind(std::int64_t value) {
    if (raw_) sqlite3_bind_int64(raw_, ++next_, value);
}

void Statement::bind(std::string_view text) {
    if (raw_) {
        sqlite3_bind_text64(raw_, ++next_, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8);
    }
}

void Statement::bind_bytes(const void* data, std::size_t size) {
    if (raw_) sqlite3_bind_blob64(raw_, ++next_, data, size, SQLITE_TRANSIENT);
}

void Statement::bind_null() {
    if (raw_) sqlite3_bind_null(raw_, ++next_);
}

Result<bool> Statement::step() {
    if (!raw_) return *connection_.failure();
    const int code = sqlite3_step(raw_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return connection_.note(code);
}

Result<void> Statement::run() {
    for (;;) {
        WARREN_TRY(row, step());
        if (!row) return {};
    }
}

std::string Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(raw_, column));
    if (!data) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))};
}

std::string_view Statement::bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(raw_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))};
}

TokenHash Statement::hash(int column) const {
    TokenHash out{};
    read_bytes(column, out.data(), out.size());
    return out;
}

void Statement::read_bytes(int column, void* to, std::size_t size) const {
    const auto* data = sqlite3_column_blob(raw_, column);
    const auto stored = static_cast<std::size_t>(sqlite3_column_bytes(raw_, column));
    if (data) std::memcpy(to, data, std::min(size, stored));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, int flags,
                                                     const std::string& vfs) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                     tidy_disk(vfs));
    auto connection = std::unique_ptr<Connection>(new Connection(raw));
    if (code != SQLITE_OK) return connection->note(code);
    sqlite3_busy_timeout(raw, kBusyMilliseconds);
    auto note_pages = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(raw, note_pages, connection.get());
    return connection;
}

Connection::~Connection() {
    for (const auto& [sql, statement] : statements_)
        sqlite3_finalize(statement);
    sqlite3_close_v2(raw_);
}

sqlite3_stmt* Connection::prepare(const char* sql) {
    auto& statement = statements_[sql];
    if (statement) return statement;
    const int code = sqlite3_prepare_v3(raw_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) note(code);
    return statement;
}

Result<void> Connection::run_script(const std::string& sql) {
    const int code = sqlite3_exec(raw_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return note(code);
    return {};
}

Result<std::string> Connection::ask(const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(raw_, sql.c_str(), -1, &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> owner(raw, &sqlite3_finalize);
    if (code != SQLITE_OK) return note(code);
    Statement statement(*this, raw);
    WARREN_TRY(row, statement.step());
    return row ? statement.text(0) : std::string();
}

Result<bool> Connection::checkpoint(int mode) {
    int pages = 0;
    int moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(raw_, nullptr, mode, &pages, &moved);
    if ((code & 0xff) == SQLITE_BUSY) return false;
    if (code != SQLITE_OK) return note(code);
    if (mode == SQLITE_CHECKPOINT_TRUNCATE) wal_pages_ = 0;
    return pages == moved;
}

Result<bool> Connection::scrub() {
    sqlite3_busy_timeout(raw_, kBusyMillisecondsScrubbing);
    auto emptied = checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    sqlite3_busy_timeout(raw_, kBusyMilliseconds);
    return emptied;
}

void Connection::keep_files_on_close() {
    sqlite3_db_config(raw_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Error Connection::note(int code) {
    if ((code & 0xff) == SQLITE_CONSTRAINT) return {Errc::taken};
    Error error(Errc::unavailable, advice(code));
    if ((code & 0xff) == SQLITE_IOERR) disk_failed_ = true;
    if (!failure_) {
        log::error("sqlite_failed",
                   {{"code", sqlite3_errstr(code)}, {"number", code}, {"detail", sqlite3_errmsg(raw_)}});
        failure_ = error;
    }
    return error;
}

}  // namespace warren::adapters::sqlite
