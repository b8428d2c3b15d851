// The words of all entries and buckets are made anew, channel by channel, each from its newest bucket down: a
// bucket's edits are in it or in newer ones, so its vocabulary can be made at once, and says that it is done.
#include <string>
#include <vector>

#include "adapters/sqlite/word_index.hpp"
#include "base/log.hpp"
#include "model/entry_codec.hpp"
#include "words/tokens.hpp"

namespace warren::adapters::sqlite {
namespace {

/// About so many entries in one transaction.
constexpr std::size_t kEntriesAtOnce = 1'000;
constexpr int kLogPagesMax = 4'096;

Result<void> set_version(Connection& connection, const std::string& version) {
    return connection.run_script("INSERT OR REPLACE INTO meta (key, value) VALUES ('words_version', " +
                                 version + ")");
}

Result<void> clear_vocabularies(Connection& connection) {
    do {
        WARREN_TRY_VOID(connection.run_script(
            "DELETE FROM vocabularies WHERE (channel, bucket) IN (SELECT channel, bucket FROM vocabularies "
            "LIMIT 250)"));
    } while (connection.rows_changed() > 0);
    return {};
}

struct Renewed {
    Seq seq = 0;
    std::optional<std::string> words;
};

class Renewal {
public:
    explicit Renewal(Connection& connection) : connection_(connection) {}

    Result<void> run() {
        for (ChannelId channel;;) {
            WARREN_TRY(next, channel_after(channel));
            if (!next) break;
            channel = *next;
            WARREN_TRY_VOID(renew(channel));
        }
        return commit();
    }
    std::size_t entries() const { return entries_; }

private:
    Result<std::optional<ChannelId>> channel_after(ChannelId channel) {
        auto row = connection_.query("SELECT channel FROM entries WHERE channel > ? ORDER BY channel LIMIT 1",
                                     channel);
        WARREN_TRY(found, row.step());
        return found ? std::optional(row.id<ChannelId>(0)) : std::nullopt;
    }

    Result<void> renew(ChannelId channel) {
        WARREN_TRY(first, end_of("SELECT min(seq) FROM entries WHERE channel = ?", channel));
        WARREN_TRY(head, end_of("SELECT max(seq) FROM entries WHERE channel = ?", channel));
        for (auto bucket = bucket_of(head) + 1; bucket-- > bucket_of(first);) {
            const bool full = head >= last_seq_of(bucket);
            WARREN_TRY(done, has_vocabulary(connection_, channel, bucket));
            if (done) continue;
            WARREN_TRY_VOID(begin());
            WARREN_TRY_VOID(renew_entries(channel, bucket));
            if (full) WARREN_TRY_VOID(write_vocabulary(connection_, channel, bucket));
            if (uncommitted_ >= kEntriesAtOnce) WARREN_TRY_VOID(commit());
        }
        return {};
    }

    Result<Seq> end_of(const char* sql, ChannelId channel) {
        auto row = connection_.query(sql, channel);
        WARREN_TRY_VOID(row.step());
        return row.number(0);
    }

    Result<void> renew_entries(ChannelId channel, Bucket bucket) {
        WARREN_TRY(renewed, words_of(channel, bucket));
        for (const auto& [seq, words] : renewed) {
            std::optional<Blob> column;
            if (words) column = Blob{*words};
            WARREN_TRY_VOID(
                connection_
                    .query("UPDATE entries SET words = ? WHERE channel = ? AND seq = ? AND words IS NOT ?",
                           column, channel, seq, column)
                    .run());
        }
        entries_ += renewed.size();
        uncommitted_ += renewed.size();
        return {};
    }

    Result<std::vector<Renewed>> words_of(ChannelId channel, Bucket bucket) {
        std::vector<Renewed> out;
        auto rows =
            connection_.query("SELECT seq, kind, body FROM entries WHERE channel = ? AND seq BETWEEN ? AND ?",
                              channel, first_seq_of(bucket), last_seq_of(bucket));
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) return out;
            // One that cannot be decoded cannot be shown either; whoever reads it logs that.
            auto body = decode_body(static_cast<EntryKind>(rows.integer(1)), rows.text(2));
            if (!body) continue;
            Entry entry;
            entry.seq = rows.number(0);
            entry.body = std::move(*body);
            out.push_back({entry.seq, listed_words(entry)});
        }
    }

    Result<void> begin() {
        if (std::exchange(begun_, true)) return {};
        return connection_.run_script("BEGIN IMMEDIATE");
    }
    Result<void> commit() {
        if (!std::exchange(begun_, false)) return {};
        uncommitted_ = 0;
        WARREN_TRY_VOID(connection_.run_script("COMMIT"));
        if (connection_.wal_pages() < kLogPagesMax) return {};
        WARREN_TRY_VOID(connection_.checkpoint(SQLITE_CHECKPOINT_PASSIVE));
        return {};
    }

    Connection& connection_;
    std::size_t entries_ = 0;
    std::size_t uncommitted_ = 0;
    bool begun_ = false;
};

}  // namespace

Result<void> renew_words(Connection& connection) {
    WARREN_TRY(version, connection.ask("SELECT value FROM meta WHERE key = 'words_version'"));
    const auto mine = std::to_string(words::tokens_version());
    if (version == mine) return {};
    // Negative: all vocabularies there are of that version, others are still to be made.
    const auto begun = "-" + mine;
    log::info("sqlite_words_renewing", {{"version", mine}, {"goes_on", version == begun}});
    if (version != begun) {
        WARREN_TRY_VOID(clear_vocabularies(connection));
        WARREN_TRY_VOID(set_version(connection, begun));
    }
    Renewal renewal(connection);
    WARREN_TRY_VOID(renewal.run());
    log::info("sqlite_words_renewed", {{"version", mine}, {"entries", renewal.entries()}});
    return set_version(connection, mine);
}

}  // namespace warren::adapters::sqlite
