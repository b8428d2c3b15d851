#pragma once
#include <array>
#include <mutex>

#include "adapters/mongo/database.hpp"
#include "ports/channel_store.hpp"

namespace warren::adapters::mongo {

/// Origins, channel documents and member rows in MongoDB. Every change is an insert that a unique key
/// decides, or an update whose filter says what it may replace; nothing is an upsert. On servers whose
/// updates are not atomic (FerretDB reads, changes and writes back) two nodes may undo each other's change of
/// one row; those of one node cannot, since they take turns per channel. @see docs/storage.md#mongodb
class ChannelStore final : public warren::ChannelStore {
public:
    /// `database` outlives this.
    explicit ChannelStore(Database& database) : database_(database) {}

    Task<Result<ChannelId>> claim_origin(std::string origin, ChannelId mine, Deadline deadline) override;
    Task<Result<void>> put_channel(Channel channel, Deadline deadline) override;
    Task<Result<void>> raise_start(ChannelId channel, LogStart start, Deadline deadline) override;
    Task<Result<void>> set_retention(ChannelId channel, std::optional<RetentionPolicy> retention,
                                     Deadline deadline) override;
    Task<Result<std::vector<Channel>>> list(ChannelId after, std::size_t limit, Deadline deadline) override;
    Task<Result<std::vector<Channel>>> channels(std::vector<ChannelId> ids, Deadline deadline) override;
    Task<Result<void>> merge_members(std::vector<MemberRow> rows, Deadline deadline) override;
    Task<Result<std::vector<MemberRow>>> members(ChannelId channel, Seq at, UserId after, std::size_t limit,
                                                 Deadline deadline) override;
    Task<Result<std::vector<MemberRow>>> stays_of(UserId user, Deadline deadline) override;

private:
    std::mutex& turn_of(ChannelId channel) { return turns_[std::hash<ChannelId>{}(channel) % turns_.size()]; }

    Database& database_;
    std::array<std::mutex, 64> turns_;  // Held by threads of the database, never across a co_await.
};

}  // namespace warren::adapters::mongo
