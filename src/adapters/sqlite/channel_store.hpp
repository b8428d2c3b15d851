#pragma once
#include "adapters/sqlite/database.hpp"
#include "ports/channel_store.hpp"

namespace warren::adapters::sqlite {

/// Tables `channels`, `members` and `origins`. `database` outlives it and its calls.
/// @see docs/storage.md#projections
class ChannelStore final : public warren::ChannelStore {
public:
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
    Task<Result<std::vector<std::vector<MemberRow>>>> members_of(std::vector<Place> places, std::size_t limit,
                                                                 Deadline deadline) override;
    Task<Result<std::vector<MemberRow>>> stays_of(UserId user, Deadline deadline) override;
    Task<Result<std::vector<ChannelNow>>> now(std::vector<ChannelId> ids, warren::EntryStore& entries,
                                              Deadline deadline) override;
    Task<Result<Whereabouts>> whereabouts(UserId user, warren::EntryStore& entries,
                                          Deadline deadline) override;

private:
    Task<Result<std::vector<ChannelNow>>> read_now(std::vector<ChannelId> ids, Deadline deadline);

    Database& database_;
};

}  // namespace warren::adapters::sqlite
