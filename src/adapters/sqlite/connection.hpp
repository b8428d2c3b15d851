#pragma once
#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/ids.hpp"
#include "model/time.hpp"
#include "model/user.hpp"

namespace warren::adapters::sqlite {

class Connection;

/// Of which channels and people a transaction changed what Recent keeps.
struct Changes {
    std::vector<ChannelId> channels;  ///< Head or document.
    std::vector<UserId> users;        ///< Their rows.
};

/// Bytes for a column of type BLOB; text is bound as TEXT.
struct Blob {
    std::string_view bytes;
};

/// A prepared statement on loan from its connection; given back, reset, when it goes. One row at a time.
class Statement {
public:
    /// `raw` is null where preparing failed: `step` then gives the connection's failure.
    template <class... Args>
    Statement(Connection& connection, sqlite3_stmt* raw, const Args&... args)
        : connection_(connection), raw_(raw) {
        (bind(args), ...);
    }
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    /// Binds the next parameter; values are copied.
    void bind(std::int64_t value);
    void bind(std::string_view text);
    void bind_bytes(const void* data, std::size_t size);
    void bind(const Blob& blob) { bind_bytes(blob.bytes.data() ? blob.bytes.data() : "", blob.bytes.size()); }
    template <class T>
        requires std::integral<T> || std::is_enum_v<T>
    void bind(T value) {
        bind(static_cast<std::int64_t>(value));
    }
    template <class T>
    void bind(const std::optional<T>& value) {
        value ? bind(*value) : bind_null();
    }
    template <class Tag>
    void bind(const Id<Tag>& id) {
        bind_bytes(id.bytes.data(), id.bytes.size());
    }
    void bind(const TokenHash& hash) { bind_bytes(hash.data(), hash.size()); }
    void bind(WallTime time) { bind(static_cast<std::int64_t>(time.time_since_epoch().count())); }
    void bind_null();

    /// True with a row to read, false at the end. @errors taken (a key exists), unavailable
    Result<bool> step();
    /// Steps to the end.
    Result<void> run();

    /// Columns of the row, from 0.
    std::int64_t integer(int column) const { return sqlite3_column_int64(raw_, column); }
    bool is_null(int column) const { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }
    std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    WallTime time(int column) const { return WallTime(std::chrono::milliseconds(integer(column))); }
    std::string text(int column) const;
    /// Of a blob; valid until the next step. Empty for null.
    std::string_view bytes(int column) const;
    template <class AnyId>
    AnyId id(int column) const {
        AnyId out;
        read_bytes(column, out.bytes.data(), out.bytes.size());
        return out;
    }
    TokenHash hash(int column) const;

private:
    void read_bytes(int column, void* to, std::size_t size) const;

    Connection& connection_;
    sqlite3_stmt* raw_;
    int next_ = 0;
};

/// One handle on the database with its prepared statements. Used by one thread at a time. The first failure
/// that is not about a key is kept: whoever owns the connection then closes it and opens another.
class Connection {
public:
    /// `flags` are sqlite3_open_v2's; tidy_disk lies over `vfs`, which may be empty. @errors unavailable
    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, int flags,
                                                    const std::string& vfs);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The statement of `sql`, prepared once, with `args` bound in order. `sql` must be a literal: its
    /// address is the key under which it is kept.
    template <class... Args>
    Statement query(const char* sql, const Args&... args) {
        ++queries_;
        return Statement(*this, prepare(sql), args...);
    }
    /// Runs statements that are not kept: set-up and migrations.
    Result<void> run_script(const std::string& sql);
    /// The first column of the first row as text; empty without a row.
    Result<std::string> ask(const std::string& sql);

    /// Moves what the write-ahead log holds into the file, `mode` as of sqlite3_wal_checkpoint_v2. False
    /// where other connections were in the way. @errors unavailable
    Result<bool> checkpoint(int mode);
    /// Moves all of the log into the file and empties it. False where another connection is in the way.
    /// @errors unavailable
    Result<bool> scrub();
    /// What the current transaction replaces is to leave the write-ahead log once it is committed.
    void want_scrub() { scrub_wanted_ = true; }
    bool take_scrub() { return std::exchange(scrub_wanted_, false); }
    /// Of the current transaction; for what changes them to note it.
    Changes& changes() { return changes_; }
    /// Pages in the write-ahead log after this connection's latest commit.
    int wal_pages() const { return wal_pages_; }
    /// Whether kQueriesOfABusyOne queries were made since it was asked before.
    bool take_busy() { return std::exchange(queries_, 0) >= kQueriesOfABusyOne; }
    static constexpr std::size_t kQueriesOfABusyOne = 1'000;
    /// Gives the pages back that it keeps in memory.
    void give_memory_back() { sqlite3_db_release_memory(raw_); }
    /// Leaves file and write-ahead log as they are when it is closed.
    void keep_files_on_close();
    std::int64_t rows_changed() const { return sqlite3_changes64(raw_); }
    sqlite3* handle() const { return raw_; }

    const std::optional<Error>& failure() const { return failure_; }
    /// Whether the disk itself failed: what was written and not yet fsynced may be gone for good.
    bool disk_failed() const { return disk_failed_; }
    /// The Error of result code `code`, kept as the failure unless it is about a key.
    Error note(int code);

private:
    explicit Connection(sqlite3* raw) : raw_(raw) {}
    sqlite3_stmt* prepare(const char* sql);

    sqlite3* raw_;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
    std::optional<Error> failure_;
    bool disk_failed_ = false;
    bool scrub_wanted_ = false;
    Changes changes_;
    int wal_pages_ = 0;
    std::size_t queries_ = 0;
};

}  // namespace warren::adapters::sqlite
