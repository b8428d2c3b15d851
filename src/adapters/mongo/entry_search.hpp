#pragma once
#include <optional>
#include <vector>

#include "adapters/mongo/call.hpp"
#include "ports/entry_store.hpp"

namespace warren::adapters::mongo {

/// As EntryStore::search says.
Result<Hits> find_words(Call& call, const std::vector<ChannelId>& channels, const words::Needles& needles,
                        const std::optional<Hit>& before, std::size_t limit);

/// The time of the message that is found by `entry`: asked for only where that is another one.
Result<WallTime> find_searched_time(Call& call, const Entry& entry);

/// Gives words to the stored entries that have none and should. May be interrupted and repeated.
Result<void> add_missing_words(Call& call);

}  // namespace warren::adapters::mongo
