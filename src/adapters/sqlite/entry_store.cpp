#include "adapters/sqlite/entry_store.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "adapters/sqlite/block_store.hpp"
#include "adapters/sqlite/word_index.hpp"
#include "base/log.hpp"
#include "model/entry_codec.hpp"
#include "ports/entry_words.hpp"

namespace warren::adapters::sqlite {
namespace {

#define WARREN_ENTRY_COLUMNS_BUT_BODY \
    "channel, seq, id, sender, nonce, at, count, message_seq, state_seq, prev_state_seq, kind"
#define WARREN_ENTRY_COLUMNS WARREN_ENTRY_COLUMNS_BUT_BODY ", body"
#define WARREN_OF_THE_NONCE " FROM entries WHERE channel = ? AND seq = ? AND sender = ? AND nonce = ?"
#define WARREN_SELECT_ENTRY "SELECT " WARREN_ENTRY_COLUMNS " FROM entries WHERE "
#define WARREN_OF_THE_NEWEST " FROM entries WHERE channel = ? ORDER BY seq DESC LIMIT 1"

/// SQLite's integers are signed; a bound beyond them is no bound.
std::int64_t bounded(std::uint64_t value) {
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(value, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())));
}

/// Where `row` has no body, with an empty one of its kind, which is member or channel.
Result<EntryPtr> entry_of(const Statement& row) {
    auto entry = std::make_shared<Entry>();
    entry->channel = row.id<ChannelId>(0);
    entry->seq = row.number(1);
    entry->id = row.id<EntryId>(2);
    entry->sender = row.id<UserId>(3);
    entry->nonce = row.text(4);
    entry->at = row.time(5);
    entry->count = row.number(6);
    entry->message_seq = row.number(7);
    entry->state_seq = row.number(8);
    entry->prev_state_seq = row.number(9);
    const auto kind = static_cast<EntryKind>(row.integer(10));
    if (row.is_null(11)) {
        entry->body = kind == EntryKind::member ? EntryBody(MemberBody{}) : EntryBody(ChannelBody{});
        return EntryPtr(std::move(entry));
    }
    auto body = decode_body(kind, row.text(11));
    if (body.has_error()) {
        log::error("sqlite_entry_damaged", {{"channel", entry->channel.hex()}, {"seq", entry->seq}});
        return std::move(body).error();
    }
    entry->body = std::move(*body);
    return EntryPtr(std::move(entry));
}

/// Appends the remaining rows.
Result<void> collect_rows(Statement& rows, std::vector<EntryPtr>& out) {
    for (;;) {
        WARREN_TRY(row, rows.step());
        if (!row) return {};
        WARREN_TRY(entry, entry_of(rows));
        out.push_back(std::move(entry));
    }
}

/// An entry and what is made of it for its row: by whoever stores it, since the one thread that writes is
/// what everybody waits for.
struct Row {
    explicit Row(EntryPtr of)
        : entry(std::move(of)),
          nonce(nonce_hash(entry->channel, entry->sender, entry->nonce)),
          words(listed_words(*entry)),
          body(encode_body(entry->body)) {}

    EntryPtr entry;
    NonceHash nonce;
    std::optional<std::string> words;
    std::string body;
};

Result<void> insert_row(Connection& connection, Nonces& nonces, const Row& row) {
    const auto& entry = *row.entry;
    std::optional<Blob> words_column;
    if (row.words) words_column = Blob{*row.words};
    std::optional<Bucket> target_bucket;
    if (entry.target() != 0) target_bucket = bucket_of(entry.target());
    WARREN_TRY_VOID(connection
                        .query("INSERT INTO entries (" WARREN_ENTRY_COLUMNS
                               ", target_bucket, words) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                               entry.channel, entry.seq, entry.id, entry.sender, entry.nonce, entry.at,
                               entry.count, entry.message_seq, entry.state_seq, entry.prev_state_seq,
                               entry.kind(), row.body, target_bucket, words_column)
                        .run());
    WARREN_TRY_VOID(nonces.add(connection, row.nonce, entry.seq));
    return index_words(connection, entry, row.words);
}

/// Whether an entry with the nonce of this one is.
Result<bool> is_stored(Connection& connection, const Nonces& nonces, const Row& row) {
    WARREN_TRY(found, nonces.find(connection, {row.nonce}));
    for (const auto& [which, seq] : found) {
        WARREN_TRY(same, connection
                             .query("SELECT 1" WARREN_OF_THE_NONCE, row.entry->channel, seq,
                                    row.entry->sender, row.entry->nonce)
                             .step());
        if (same) return true;
    }
    return false;
}

Result<void> remove_nonces(Connection& connection, Nonces& nonces, ChannelId channel, Bucket bucket) {
    auto rows =
        connection.query("SELECT seq, sender, nonce FROM entries WHERE channel = ? AND seq BETWEEN ? AND ?",
                         channel, bounded(first_seq_of(bucket)), bounded(last_seq_of(bucket)));
    for (;;) {
        WARREN_TRY(row, rows.step());
        if (!row) return {};
        const auto hash = nonce_hash(channel, rows.id<UserId>(1), rows.text(2));
        WARREN_TRY_VOID(nonces.remove(connection, hash, rows.number(0)));
    }
}

Result<EntryPtr> first_of(Statement rows) {
    WARREN_TRY(row, rows.step());
    if (!row) return EntryPtr();
    return entry_of(rows);
}

Result<EntryPtr> head_of(Connection& connection, ChannelId channel) {
    return first_of(connection.query("SELECT " WARREN_ENTRY_COLUMNS WARREN_OF_THE_NEWEST, channel));
}

}  // namespace

std::size_t size_of(const Entry& entry) {
    std::size_t bytes = sizeof(Entry) + entry.nonce.size();
    if (const auto* message = std::get_if<MessageBody>(&entry.body))
        bytes += message->text.size() + message->data.size();
    if (const auto* edit = std::get_if<EditBody>(&entry.body)) bytes += edit->text.size();
    if (const auto* made = std::get_if<ChannelBody>(&entry.body))
        bytes += made->members.size() * sizeof(MemberChange);
    return bytes;
}

Result<EntryPtr> short_head_of(Connection& connection, ChannelId channel) {
    static_assert(EntryKind::member == EntryKind{4} && EntryKind::channel == EntryKind{5});
    return first_of(connection.query("SELECT " WARREN_ENTRY_COLUMNS_BUT_BODY
                                     ", CASE WHEN kind < 4 THEN body END" WARREN_OF_THE_NEWEST,
                                     channel));
}

Task<Result<EntryPtr>> EntryStore::head(ChannelId channel, Deadline deadline) {
    auto query = [channel](Connection& connection) { return head_of(connection, channel); };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<EntryPtr>>> EntryStore::heads(std::vector<ChannelId> channels, Deadline deadline) {
    auto query = [channels = std::move(channels)](Connection& connection) -> Result<std::vector<EntryPtr>> {
        std::vector<EntryPtr> out;
        out.reserve(channels.size());
        for (const auto& channel : channels) {
            WARREN_TRY(head, head_of(connection, channel));
            out.push_back(std::move(head));
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<EntryPtr>>> EntryStore::find_nonces(ChannelId channel, std::vector<NonceKey> keys,
                                                            Deadline deadline) {
    auto query = [channel, keys = std::move(keys),
                  &nonces = database_.nonces()](Connection& connection) -> Result<std::vector<EntryPtr>> {
        std::vector<NonceHash> hashes;
        for (const auto& key : keys)
            hashes.push_back(nonce_hash(channel, key.sender, key.nonce));
        WARREN_TRY(found, nonces.find(connection, hashes));
        std::map<Seq, EntryPtr> out;
        for (const auto& [which, seq] : found) {
            WARREN_TRY(entry,
                       first_of(connection.query("SELECT " WARREN_ENTRY_COLUMNS WARREN_OF_THE_NONCE, channel,
                                                 seq, keys[which].sender, keys[which].nonce)));
            if (entry) out.emplace(seq, std::move(entry));
        }
        std::vector<EntryPtr> entries;
        for (auto& [seq, entry] : out)
            entries.push_back(std::move(entry));
        return entries;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<void>> EntryStore::insert(std::vector<EntryPtr> run, Unless unless, Deadline deadline) {
    std::size_t bytes = 0;
    std::vector<Row> rows;
    rows.reserve(run.size());
    for (auto& entry : run) {
        bytes += size_of(*entry);
        rows.emplace_back(std::move(entry));
    }
    auto work = [rows = std::move(rows), unless = std::move(unless),
                 &nonces = database_.nonces()](Connection& connection) -> Result<void> {
        WARREN_TRY(blocks, existing_blocks(connection, unless.blocks));
        if (!blocks.empty()) return Error(Errc::taken);
        for (const auto& row : rows) {
            if (unless.repeated) {
                WARREN_TRY(repeated, is_stored(connection, nonces, row));
                if (repeated) return Error(Errc::taken);
            }
            WARREN_TRY_VOID(insert_row(connection, nonces, row));
        }
        connection.changes().channels.push_back(rows.front().entry->channel);
        return {};
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<std::vector<EntryPtr>>> EntryStore::range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                                      Deadline deadline) {
    auto query = [channel, from, to, limit](Connection& connection) -> Result<std::vector<EntryPtr>> {
        std::vector<EntryPtr> out;
        auto rows =
            connection.query(WARREN_SELECT_ENTRY "channel = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
                             channel, bounded(from), bounded(to), bounded(limit));
        WARREN_TRY_VOID(collect_rows(rows, out));
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<EntryPtr>>> EntryStore::targeting(ChannelId channel, Bucket bucket, Seq after,
                                                          Deadline deadline) {
    auto query = [channel, bucket, after](Connection& connection) -> Result<std::vector<EntryPtr>> {
        std::vector<EntryPtr> out;
        auto rows =
            connection.query(WARREN_SELECT_ENTRY "channel = ? AND target_bucket = ? AND seq > ? ORDER BY seq",
                             channel, bounded(bucket), bounded(after));
        WARREN_TRY_VOID(collect_rows(rows, out));
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<EntryPtr>>> EntryStore::at(std::vector<Place> places, Deadline deadline) {
    auto query = [places = std::move(places)](Connection& connection) -> Result<std::vector<EntryPtr>> {
        std::vector<EntryPtr> out;
        for (const auto& place : places) {
            auto rows = connection.query(WARREN_SELECT_ENTRY "channel = ? AND seq = ?", place.channel,
                                         bounded(place.seq));
            WARREN_TRY_VOID(collect_rows(rows, out));
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<void>> EntryStore::note_blankings(std::vector<Blanking> notes, Deadline deadline) {
    const auto bytes = notes.size() * sizeof(Blanking);
    auto work = [notes = std::move(notes)](Connection& connection) -> Result<void> {
        for (const auto& note : notes) {
            WARREN_TRY_VOID(
                connection
                    .query("INSERT INTO blankings (id, channel, target, at) VALUES (?,?,?,?) ON CONFLICT DO "
                           "NOTHING",
                           note.id, note.channel, bounded(note.target), note.at)
                    .run());
        }
        return {};
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<std::vector<Blanking>>> EntryStore::blankings(WallTime before, std::size_t limit,
                                                          Deadline deadline) {
    auto query = [before, limit](Connection& connection) -> Result<std::vector<Blanking>> {
        std::vector<Blanking> out;
        auto rows = connection.query(
            "SELECT id, channel, target, at FROM blankings WHERE at < ? ORDER BY at, id LIMIT ?", before,
            bounded(limit));
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) return out;
            out.push_back({rows.id<EntryId>(0), rows.id<ChannelId>(1), rows.number(2), rows.time(3)});
        }
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<Hits>> EntryStore::search(std::vector<ChannelId> channels, words::Needles needles,
                                      std::optional<Hit> before, std::size_t limit, Deadline deadline) {
    auto query = [channels = std::move(channels), needles = std::move(needles), before,
                  limit](Connection& connection) {
        return search_words(connection, channels, needles, before, limit);
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<void>> EntryStore::blank(std::vector<EntryPtr> entries, Deadline deadline) {
    auto work = [entries = std::move(entries)](Connection& connection) -> Result<void> {
        std::set<std::pair<ChannelId, Bucket>> buckets;
        for (const auto& entry : entries) {
            WARREN_TRY_VOID(
                connection
                    .query("UPDATE entries SET body = ?, words = NULL WHERE channel = ? AND seq = ?",
                           encode_body(entry->body), entry->channel, bounded(entry->seq))
                    .run());
            buckets.emplace(entry->channel, bucket_of(searched_seq(*entry)));
        }
        for (const auto& [channel, bucket] : buckets) {
            connection.changes().channels.push_back(channel);
            WARREN_TRY_VOID(forget_words(connection, channel, bucket));
        }
        connection.want_scrub();
        return {};
    };
    return database_.write(deadline, sizeof(Entry), std::move(work));
}

Task<Result<void>> EntryStore::forget_blanking(EntryId id, Deadline deadline) {
    auto work = [id](Connection& connection) -> Result<void> {
        return connection.query("DELETE FROM blankings WHERE id = ?", id).run();
    };
    return database_.write(deadline, sizeof(Blanking), std::move(work));
}

Task<Result<void>> EntryStore::remove_bucket(ChannelId channel, Bucket bucket, Deadline deadline) {
    auto work = [channel, bucket, &nonces = database_.nonces()](Connection& connection) -> Result<void> {
        WARREN_TRY_VOID(remove_nonces(connection, nonces, channel, bucket));
        WARREN_TRY_VOID(
            connection
                .query("DELETE FROM vocabularies WHERE channel = ? AND bucket = ?", channel, bounded(bucket))
                .run());
        WARREN_TRY_VOID(connection
                            .query("DELETE FROM entries WHERE channel = ? AND seq BETWEEN ? AND ?", channel,
                                   bounded(first_seq_of(bucket)), bounded(last_seq_of(bucket)))
                            .run());
        connection.changes().channels.push_back(channel);
        connection.want_scrub();
        return {};
    };
    return database_.write(deadline, sizeof(Entry), std::move(work));
}

}  // namespace warren::adapters::sqlite
