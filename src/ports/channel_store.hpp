#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/flat_map.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "model/channel.hpp"
#include "ports/entry_store.hpp"

namespace warren {

/// A channel as it was when it was read.
struct ChannelNow {
    /// Where it changes members or channel, its body may be empty: it can name everybody, and nobody asks.
    EntryPtr head;
    Channel document;  ///< Without an id where there is none.
};

/// What says where one person is.
struct Whereabouts {
    std::vector<MemberRow> rows;  ///< Ended stays too, in any order.
    /// Of the channels that a row had not ended when reading began.
    FlatMap<ChannelId, ChannelNow> channels;
};

/// What is derived from the logs (channel documents and member rows), and where those logs begin; beside them
/// the origins (idempotent creation). Every write is idempotent and monotone, so any node may
/// repeat any of them in any order. Thread-safe. Every call may fail with `unavailable`, `timed_out` or
/// `overloaded`. What is not pure is made of other calls where a database has no one read for it.
/// Contract: tests/contract/channel_store_contract.hpp  @see docs/storage.md#projections
class ChannelStore {
public:
    virtual ~ChannelStore() = default;

    /// Inserts `origin` -> `mine` unless there is a row already; the id that the row holds. Durable on
    /// return.
    virtual Task<Result<ChannelId>> claim_origin(std::string origin, ChannelId mine, Deadline deadline) = 0;

    /// Stores the document if none is there or if its `state_seq` is greater than the stored one's. `start`
    /// and `retention` are not taken from it: the two calls below write them.
    virtual Task<Result<void>> put_channel(Channel channel, Deadline deadline) = 0;

    /// Raises each number of the document's `start` that is below the one given. Durable on return. Nothing
    /// where there is no document.
    virtual Task<Result<void>> raise_start(ChannelId channel, LogStart start, Deadline deadline) = 0;

    /// Replaces the document's `retention`. Durable on return. @errors not_found (there is no document)
    virtual Task<Result<void>> set_retention(ChannelId channel, std::optional<RetentionPolicy> retention,
                                             Deadline deadline) = 0;

    /// Every document, by id ascending, after `after`, at most `limit`.
    virtual Task<Result<std::vector<Channel>>> list(ChannelId after, std::size_t limit,
                                                    Deadline deadline) = 0;

    /// The documents that exist among `ids`, in any order.
    virtual Task<Result<std::vector<Channel>>> channels(std::vector<ChannelId> ids, Deadline deadline) = 0;

    /// Merges rows by (channel, user, from): inserted where absent; else `to` is set where the stored one is
    /// 0, and `role` taken where `role_seq` is greater. Never undoes either. Rows of one channel, any number.
    virtual Task<Result<void>> merge_members(std::vector<MemberRow> rows, Deadline deadline) = 0;

    /// The rows that cover `at` (MemberRow::covers), by user id ascending, after `after`, at most `limit`.
    virtual Task<Result<std::vector<MemberRow>>> members(ChannelId channel, Seq at, UserId after,
                                                         std::size_t limit, Deadline deadline) = 0;

    /// `members` of each place from its first on, in the order asked, at most `limit` of each.
    virtual Task<Result<std::vector<std::vector<MemberRow>>>> members_of(std::vector<Place> places,
                                                                         std::size_t limit,
                                                                         Deadline deadline);

    /// Every row of one person, ended stays too, in any order.
    virtual Task<Result<std::vector<MemberRow>>> stays_of(UserId user, Deadline deadline) = 0;

    /// Heads and documents of `ids`, in their order; each head is read before the document or at the same
    /// moment. `entries` is of the same database.
    virtual Task<Result<std::vector<ChannelNow>>> now(std::vector<ChannelId> ids, EntryStore& entries,
                                                      Deadline deadline);

    /// `stays_of`, and `now` of the channels. A document says that rows are there, so each is of before the
    /// rows, or of the same moment.
    virtual Task<Result<Whereabouts>> whereabouts(UserId user, EntryStore& entries, Deadline deadline);
};

}  // namespace warren
