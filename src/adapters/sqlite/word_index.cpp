#include "adapters/sqlite/word_index.hpp"

#include "base/log.hpp"
#include "model/entry_codec.hpp"
#include "ports/entry_words.hpp"
#include "words/tokens.hpp"

namespace warren::adapters::sqlite {
namespace {

constexpr int kRenewedAtOnce = 1'000;

/// The time of the message that a hit on `entry` means.
Result<WallTime> searched_time(Connection& connection, const Entry& entry) {
    if (entry.target() == 0) return entry.at;
    auto row = connection.query("SELECT at FROM entries WHERE channel = ? AND seq = ?", entry.channel,
                                entry.target());
    WARREN_TRY(found, row.step());
    return found ? row.time(0) : entry.at;
}

/// The next entries after `after`, in order of channel and seq.
Result<std::vector<Entry>> next_entries(Connection& connection, const Place& after) {
    std::vector<Entry> out;
    auto rows = connection.query(
        "SELECT channel, seq, at, kind, body FROM entries WHERE (channel, seq) > (?, ?) ORDER BY channel, "
        "seq "
        "LIMIT ?",
        after.channel, after.seq, kRenewedAtOnce);
    for (;;) {
        WARREN_TRY(row, rows.step());
        if (!row) return out;
        auto& entry = out.emplace_back();
        entry.channel = rows.id<ChannelId>(0);
        entry.seq = rows.number(1);
        entry.at = rows.time(2);
        // One that cannot be decoded cannot be shown either; whoever reads it logs that.
        auto body = decode_body(static_cast<EntryKind>(rows.integer(3)), rows.text(4));
        if (body) entry.body = std::move(*body);
    }
}

Result<void> renew_some(Connection& connection, const std::vector<Entry>& entries) {
    WARREN_TRY_VOID(connection.run_script("BEGIN IMMEDIATE"));
    for (const auto& entry : entries)
        WARREN_TRY_VOID(index_words(connection, entry));
    return connection.run_script("COMMIT");
}

}  // namespace

Result<void> index_words(Connection& connection, const Entry& entry) {
    if (searched_text(entry).empty()) return {};
    WARREN_TRY(at, searched_time(connection, entry));
    // A word that an edit keeps is there already.
    for (const auto& word : searched_words(entry)) {
        WARREN_TRY_VOID(connection
                            .query("INSERT OR IGNORE INTO words (channel, word, at, seq) VALUES (?,?,?,?)",
                                   entry.channel, word, at, searched_seq(entry))
                            .run());
    }
    return {};
}

Result<void> forget_words(Connection& connection, const Entry& entry) {
    if (searched_text(entry).empty()) return {};
    WARREN_TRY(at, searched_time(connection, entry));
    for (const auto& word : searched_words(entry)) {
        WARREN_TRY_VOID(connection
                            .query("DELETE FROM words WHERE channel = ? AND word = ? AND at = ? AND seq = ?",
                                   entry.channel, word, at, searched_seq(entry))
                            .run());
    }
    return {};
}

Result<void> renew_words(Connection& connection) {
    WARREN_TRY(version, connection.ask("SELECT value FROM meta WHERE key = 'words_version'"));
    const auto mine = std::to_string(words::tokens_version());
    if (version == mine) return {};
    WARREN_TRY_VOID(connection.run_script("DELETE FROM words"));
    std::size_t done = 0;
    for (Place after;;) {
        WARREN_TRY(entries, next_entries(connection, after));
        if (entries.empty()) break;
        WARREN_TRY_VOID(renew_some(connection, entries));
        after = {entries.back().channel, entries.back().seq};
        done += entries.size();
    }
    log::info("sqlite_words_renewed", {{"version", mine}, {"entries", done}});
    return connection.run_script("INSERT OR REPLACE INTO meta (key, value) VALUES ('words_version', " + mine +
                                 ")");
}

}  // namespace warren::adapters::sqlite
