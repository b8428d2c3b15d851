#pragma once
#include <vector>

#include "adapters/mongo/call.hpp"
#include "adapters/mongo/known_seqs.hpp"
#include "base/result.hpp"
#include "ports/entry_store.hpp"

/// What EntryStore asks, on a thread of the database. Filters give channelId and bucket by equality
/// wherever they are known: that is one shard and one stretch of the index.
namespace warren::adapters::mongo {

Result<EntryPtr> find_head(Call& call, KnownSeqs& known, ChannelId channel);
Result<std::vector<EntryPtr>> find_heads(Call& call, KnownSeqs& known,
                                         const std::vector<ChannelId>& channels);
Result<std::vector<EntryPtr>> find_by_nonces(Call& call, ChannelId channel,
                                             const std::vector<NonceKey>& keys);
Result<std::vector<EntryPtr>> find_range(Call& call, ChannelId channel, Seq from, Seq to, std::size_t limit);
Result<std::vector<EntryPtr>> find_targeting(Call& call, ChannelId channel, Bucket bucket, Seq after);
Result<std::vector<EntryPtr>> find_at(Call& call, std::vector<Place> places);
/// Notes that are there already stay as they are.
Result<void> write_notes(Call& call, const std::vector<Blanking>& notes);
Result<std::vector<Blanking>> find_notes(Call& call, WallTime before, std::size_t limit);
/// Sets the bodies of the documents of `entries` to theirs.
Result<void> replace_bodies(Call& call, const std::vector<EntryPtr>& entries);
/// The oldest first, so that whoever reads meanwhile finds what is left without a hole.
Result<void> remove_entries(Call& call, ChannelId channel, Bucket bucket);

}  // namespace warren::adapters::mongo
