#pragma once
#include "adapters/mongo/database.hpp"
#include "adapters/mongo/known_seqs.hpp"
#include "ports/entry_store.hpp"

namespace warren::adapters::mongo {

/// The logs in MongoDB: one document per entry, unique {channelId, bucket, seq}. Every read is a majority
/// read from the primary in a causally consistent session that is up to date with all this node was told. A
/// primary that was deposed and does not know it yet may still answer with what was committed then: such a
/// head is old, never wrong, and building on it fails, since that primary reaches no majority and the true
/// one has the seq. So linearizable reads (a majority write each) are not asked for. @see
/// docs/storage.md#mongodb
class EntryStore final : public warren::EntryStore {
public:
    /// `database` outlives this.
    explicit EntryStore(Database& database) : database_(database) {}

    Task<Result<EntryPtr>> head(ChannelId channel, Deadline deadline) override;
    Task<Result<std::vector<EntryPtr>>> heads(std::vector<ChannelId> channels, Deadline deadline) override;
    Task<Result<std::vector<EntryPtr>>> find_nonces(ChannelId channel, std::vector<NonceKey> keys,
                                                    Deadline deadline) override;
    Task<Result<void>> insert(std::vector<EntryPtr> run, Unless unless, Deadline deadline) override;
    Task<Result<std::vector<EntryPtr>>> range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                              Deadline deadline) override;
    Task<Result<std::vector<EntryPtr>>> targeting(ChannelId channel, Bucket bucket, Seq after,
                                                  Deadline deadline) override;
    Task<Result<std::vector<EntryPtr>>> at(std::vector<Place> places, Deadline deadline) override;
    Task<Result<void>> note_blankings(std::vector<Blanking> notes, Deadline deadline) override;
    Task<Result<std::vector<Blanking>>> blankings(WallTime before, std::size_t limit,
                                                  Deadline deadline) override;
    Task<Result<void>> blank(std::vector<EntryPtr> entries, Deadline deadline) override;
    Task<Result<void>> forget_blanking(EntryId id, Deadline deadline) override;
    Task<Result<Hits>> search(std::vector<ChannelId> channels, words::Needles needles,
                              std::optional<Hit> before, std::size_t limit, Deadline deadline) override;
    Task<Result<void>> remove_bucket(ChannelId channel, Bucket bucket, Deadline deadline) override;

private:
    Database& database_;
    KnownSeqs known_;
};

}  // namespace warren::adapters::mongo
