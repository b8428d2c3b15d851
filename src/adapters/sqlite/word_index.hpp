#pragma once
#include "adapters/sqlite/connection.hpp"
#include "ports/entry_store.hpp"

/// Which messages hold which words. Each entry has its own in column `words` (@see word_list.hpp); table
/// `vocabularies` has for each full bucket those of all its messages and their edits, so that a search opens
/// only buckets that may have what it looks for. @see docs/decisions/0063-vocabularies.md
namespace warren::adapters::sqlite {

/// So many entries after its last one the vocabulary of a bucket is written, fewer than fill another: not the
/// same number in each channel, so that channels which fill alike do not all want it at once.
/// @see docs/decisions/0079-vocabularies-by-turns.md
inline Seq vocabulary_delay(const ChannelId& channel) {
    return channel.bytes.back() % kBucketSize;
}

/// What column `words` of `entry` holds; nothing where there is nothing to find it by.
std::optional<std::string> listed_words(const Entry& entry);

/// Brings the vocabularies up to date with `entry`, whose words are `words`; within the transaction that
/// inserts it, after it.
Result<void> index_words(Connection& connection, const Entry& entry, const std::optional<std::string>& words);

/// Makes the vocabulary of `bucket`, if it has one, anew from its entries; within the transaction that took
/// words from them.
Result<void> forget_words(Connection& connection, ChannelId channel, Bucket bucket);

/// As EntryStore::search says.
Result<Hits> search_words(Connection& connection, const std::vector<ChannelId>& channels,
                          const words::Needles& needles, const std::optional<Hit>& before, std::size_t limit);

/// Makes all of it anew where it was made by another version of the tokens, or not at all. A second for some
/// 20 000 messages; where it was interrupted it goes on.
Result<void> renew_words(Connection& connection);

/// For search and renewal.
Result<bool> has_vocabulary(Connection& connection, ChannelId channel, Bucket bucket);

/// For renewal: the vocabulary of a bucket that is full.
Result<void> write_vocabulary(Connection& connection, ChannelId channel, Bucket bucket);

/// What the words of one bucket are read from: calls `message(seq, at, words)` for each entry of `bucket`
/// that is not about another one, then `edit(words, row)` for each edit of one of them, whose body is the
/// row's column 1. The words are valid during the call.
template <class Message, class Edit>
Result<void> read_words(Connection& connection, ChannelId channel, Bucket bucket, Message message,
                        Edit edit) {
    auto messages = connection.query(
        "SELECT seq, at, words FROM entries WHERE channel = ? AND seq BETWEEN ? AND ? AND target_bucket IS "
        "NULL",
        channel, first_seq_of(bucket), last_seq_of(bucket));
    for (;;) {
        WARREN_TRY(row, messages.step());
        if (!row) break;
        message(messages.number(0), messages.time(1), messages.bytes(2));
    }
    auto edits = connection.query(
        "SELECT words, body FROM entries INDEXED BY edits_by_target WHERE channel = ? AND target_bucket = ? "
        "AND words IS NOT NULL",
        channel, bucket);
    for (;;) {
        WARREN_TRY(row, edits.step());
        if (!row) return {};
        edit(edits.bytes(0), edits);
    }
}

}  // namespace warren::adapters::sqlite
