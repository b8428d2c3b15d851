#pragma once
#include "adapters/sqlite/database.hpp"
#include "ports/entry_store.hpp"

namespace warren::adapters::sqlite {

/// The newest entry of `channel`, null where there is none. @see ChannelNow::head for what it lacks.
Result<EntryPtr> short_head_of(Connection& connection, ChannelId channel);

/// About what an entry holds in memory; a message's text may be written in several bytes a character, and is
/// never worth an encoding just to be counted.
std::size_t size_of(const Entry& entry);

/// The log in table `entries`. `database` outlives it and its calls. @see docs/storage.md#sqlite
class EntryStore final : public warren::EntryStore {
public:
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
};

}  // namespace warren::adapters::sqlite
