#pragma once
#include "adapters/sqlite/connection.hpp"
#include "ports/entry_store.hpp"

/// Table `words`: which messages hold which words, one row for each. Its own table and not FTS5, whose
/// deleted words stay in the file. @see docs/decisions/0061-own-word-index.md
namespace warren::adapters::sqlite {

/// Adds the words of `entry`; within the transaction that inserts it.
Result<void> index_words(Connection& connection, const Entry& entry);

/// Removes what `index_words` added for `entry`, as it was then.
Result<void> forget_words(Connection& connection, const Entry& entry);

/// As EntryStore::search says.
Result<Hits> search_words(Connection& connection, const std::vector<ChannelId>& channels,
                          const words::Needles& needles, const std::optional<Hit>& before, std::size_t limit);

/// Makes the index anew where it was made by another version of the tokens, or not at all. A second for some
/// 10 000 messages; may be interrupted.
Result<void> renew_words(Connection& connection);

}  // namespace warren::adapters::sqlite
