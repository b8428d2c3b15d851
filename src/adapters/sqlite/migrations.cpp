#include "adapters/sqlite/migrations.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "adapters/sqlite/nonces.hpp"
#include "base/log.hpp"

namespace warren::adapters::sqlite {
namespace {

/// Number N brings a database from version N to N + 1. Never change one that was released: add another.
/// Ids and hashes are blobs, times milliseconds since the epoch. @see docs/storage.md#sqlite
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    channel        BLOB NOT NULL,
    seq            INTEGER NOT NULL,
    id             BLOB NOT NULL,
    sender         BLOB NOT NULL,
    nonce          TEXT NOT NULL,
    at             INTEGER NOT NULL,
    count          INTEGER NOT NULL,
    message_seq    INTEGER NOT NULL,
    state_seq      INTEGER NOT NULL,
    prev_state_seq INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    target_bucket  INTEGER,
    body           TEXT NOT NULL,
    PRIMARY KEY (channel, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_nonce ON entries (channel, sender, nonce);
CREATE INDEX entries_by_target ON entries (channel, target_bucket, seq) WHERE target_bucket IS NOT NULL;

CREATE TABLE channels (
    id           BLOB PRIMARY KEY,
    is_group     INTEGER NOT NULL,
    name         TEXT NOT NULL,
    image        TEXT NOT NULL,
    history      INTEGER NOT NULL,
    data         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    state_seq    INTEGER NOT NULL,
    member_count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    channel  BLOB NOT NULL,
    user     BLOB NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq   INTEGER NOT NULL,
    role     INTEGER NOT NULL,
    role_seq INTEGER NOT NULL,
    PRIMARY KEY (channel, user, from_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

CREATE TABLE origins (origin TEXT PRIMARY KEY, channel BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            BLOB PRIMARY KEY,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL,
    email_key     TEXT NOT NULL,
    phone         TEXT NOT NULL,
    image         TEXT NOT NULL,
    status        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    password_hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_email ON users (email_key);
CREATE UNIQUE INDEX users_by_phone ON users (phone);

CREATE TABLE sessions (
    token_hash        BLOB PRIMARY KEY,
    socket_token_hash BLOB NOT NULL UNIQUE,
    user              BLOB NOT NULL,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user);
)sql",
    R"sql(
CREATE TABLE blocks (
    blocker BLOB NOT NULL,
    blocked BLOB NOT NULL,
    PRIMARY KEY (blocker, blocked)
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE blankings (
    id      BLOB PRIMARY KEY,
    channel BLOB NOT NULL,
    target  INTEGER NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE words (
    channel BLOB NOT NULL,
    word    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (channel, word, at, seq)
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE member_states (
    channel             BLOB NOT NULL,
    user                BLOB NOT NULL,
    delivered           INTEGER NOT NULL,
    read                INTEGER NOT NULL,
    read_count          INTEGER NOT NULL,
    muted               INTEGER NOT NULL,
    pinned              INTEGER NOT NULL,
    archived            INTEGER NOT NULL,
    notify              INTEGER NOT NULL,
    unread_from         INTEGER NOT NULL,
    unread_count_before INTEGER NOT NULL,
    revision            INTEGER NOT NULL,
    PRIMARY KEY (channel, user)
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
ALTER TABLE users ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 0;
)sql",
    R"sql(
DROP TABLE words;
DELETE FROM meta WHERE key = 'words_version';
ALTER TABLE entries ADD COLUMN words BLOB;
CREATE INDEX edits_by_target ON entries (channel, target_bucket)
    WHERE target_bucket IS NOT NULL AND words IS NOT NULL;
CREATE TABLE vocabularies (
    channel BLOB NOT NULL,
    bucket  INTEGER NOT NULL,
    newest  INTEGER NOT NULL,
    oldest  INTEGER NOT NULL,
    words   BLOB,
    PRIMARY KEY (channel, bucket)
) STRICT, WITHOUT ROWID;
CREATE INDEX vocabularies_by_time ON vocabularies (channel, newest, bucket, oldest);
)sql",
    R"sql(
ALTER TABLE channels ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 1;
ALTER TABLE channels ADD COLUMN count_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN removed_before INTEGER NOT NULL DEFAULT 1;
ALTER TABLE channels ADD COLUMN max_age_ms INTEGER;
ALTER TABLE channels ADD COLUMN max_messages INTEGER;
)sql",
    // Entries in the order of their arrival. @see docs/decisions/0070-entries-as-they-arrive.md
    R"sql(
CREATE TABLE entries_as_they_arrive (
    channel        BLOB NOT NULL,
    seq            INTEGER NOT NULL,
    id             BLOB NOT NULL,
    sender         BLOB NOT NULL,
    nonce          TEXT NOT NULL,
    at             INTEGER NOT NULL,
    count          INTEGER NOT NULL,
    message_seq    INTEGER NOT NULL,
    state_seq      INTEGER NOT NULL,
    prev_state_seq INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    target_bucket  INTEGER,
    body           TEXT NOT NULL,
    words          BLOB
) STRICT;
INSERT INTO entries_as_they_arrive
    SELECT channel, seq, id, sender, nonce, at, count, message_seq, state_seq, prev_state_seq, kind, target_bucket,
        body, words FROM entries ORDER BY channel, seq;
DROP TABLE entries;
ALTER TABLE entries_as_they_arrive RENAME TO entries;
CREATE UNIQUE INDEX entries_by_place ON entries (channel, seq);
CREATE INDEX entries_by_nonce ON entries (channel, sender, nonce);
CREATE INDEX entries_by_target ON entries (channel, target_bucket, seq) WHERE target_bucket IS NOT NULL;
CREATE INDEX edits_by_target ON entries (channel, target_bucket)
    WHERE target_bucket IS NOT NULL AND words IS NOT NULL;
)sql",
    // Where a person is is read without going to the table for each row.
    R"sql(
DROP INDEX members_by_user;
CREATE INDEX members_by_user ON members (user, channel, from_seq, to_seq, role, role_seq);
)sql",
    // @see docs/decisions/0080-nonces-many-at-once.md
    R"sql(
CREATE TABLE nonces (
    hash INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (hash, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE new_nonces (
    number INTEGER PRIMARY KEY,
    hash   INTEGER NOT NULL,
    seq    INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO nonces SELECT nonce_hash(channel, sender, nonce), seq FROM entries ORDER BY 1, 2;
DROP INDEX entries_by_nonce;
)sql",
};

/// "Wrrn" in the file's header marks it as Warren's.
constexpr std::int64_t kApplicationId = 0x5772726e;

Error newer(const std::filesystem::path& file, std::int64_t version) {
    return {Errc::conflict, "The database " + file.string() + " is of version " + std::to_string(version) +
                                ", written by a newer Warren; this one knows versions up to " +
                                std::to_string(newest_version()) +
                                ". Start the newer Warren, or restore a backup."};
}

Error foreign(const std::filesystem::path& file) {
    return {Errc::conflict,
            "The file " + file.string() +
                " is not a database of Warren's. Move it away, or choose another data folder."};
}

/// A big-endian number of the file's header. @see sqlite.org/fileformat2.html, 1.3
std::int64_t header_number(const std::array<char, 100>& header, std::size_t at) {
    std::int64_t number = 0;
    for (std::size_t i = at; i < at + 4; ++i)
        number = number * 256 + static_cast<unsigned char>(header[i]);
    return number;
}

}  // namespace

int newest_version() {
    return static_cast<int>(std::size(kMigrations));
}

Result<void> check_file(const std::filesystem::path& file) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (failed || size == 0) return {};
    std::ifstream in(file, std::ios::binary);
    std::array<char, 100> header{};
    if (!in) {
        return Error(Errc::unavailable, "The database " + file.string() + " cannot be read: " +
                                            std::strerror(errno) + ". Check its owner and permissions.");
    }
    in.read(header.data(), header.size());
    if (!in || std::memcmp(header.data(), "SQLite format 3", 16) != 0) return foreign(file);
    const auto version = header_number(header, 60);
    if (version > 0 && header_number(header, 68) != kApplicationId) return foreign(file);
    if (version > newest_version()) return newer(file, version);
    return {};
}

Result<void> migrate(Connection& connection, const std::filesystem::path& file) {
    WARREN_TRY(stored, connection.ask("PRAGMA user_version"));
    const int version = std::stoi(stored);
    if (version > newest_version()) {
        connection.keep_files_on_close();
        return newer(file, version);
    }
    if (version == 0) {
        WARREN_TRY(tables, connection.ask("SELECT count(*) FROM sqlite_schema"));
        if (tables != "0") return foreign(file);
    }
    WARREN_TRY_VOID(define_nonce_hash(connection));
    for (int next = version; next < newest_version(); ++next) {
        WARREN_TRY_VOID(connection.run_script(
            "BEGIN IMMEDIATE;" + std::string(kMigrations[next]) + "PRAGMA application_id=" +
            std::to_string(kApplicationId) + ";PRAGMA user_version=" + std::to_string(next + 1) + ";COMMIT"));
        log::info("sqlite_migrated", {{"to", next + 1}});
    }
    return {};
}

}  // namespace warren::adapters::sqlite
