#pragma once
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "model/seq.hpp"

namespace warren::adapters::sqlite {

/// Of channel, sender and nonce together. @see digest64
using NonceHash = std::int64_t;
NonceHash nonce_hash(ChannelId channel, UserId sender, std::string_view nonce);

/// Which entries may have a nonce: table `nonces` has a row (hash, seq) for each entry, in the order of the
/// hashes. Since a row there costs a page for itself, that of a new entry is first appended to table
/// `new_nonces` and kept in memory; `moved_at_once` of them together are sorted and moved, a few with each
/// transaction, so that many go into one page. A hash is only a hint: whoever finds one compares the entry.
/// Thread-safe. @see docs/decisions/0080-nonces-many-at-once.md
class Nonces {
public:
    explicit Nonces(std::size_t moved_at_once) : moved_at_once_(moved_at_once) {}

    /// For one of those that were asked for, an entry of that hash.
    struct Found {
        std::size_t which;
        Seq seq;
    };
    /// Perhaps one entry more than once, or one that was not committed. In a transaction that has read
    /// nothing yet, unless it is the writer's.
    Result<std::vector<Found>> find(Connection& connection, const std::vector<NonceHash>& hashes) const;

    // Of the writer. Within its transaction:
    Result<void> add(Connection& connection, NonceHash hash, Seq seq);
    Result<void> remove(Connection& connection, NonceHash hash, Seq seq);
    /// Moves some, where enough are new.
    Result<void> move_some(Connection& connection);
    /// After its commit.
    void committed();
    /// After a failure, when a further connection is open. @see settle_nonces
    void clear();

private:
    struct New {
        NonceHash hash;
        Seq seq;
        std::int64_t number;  ///< Its row in `new_nonces`.
    };

    /// Of those in memory, with the lock held.
    template <class F>
    void for_each_new(NonceHash hash, F f) const;

    const std::size_t moved_at_once_;
    mutable std::mutex mutex_;
    std::unordered_multimap<NonceHash, New> new_;
    std::vector<New> moving_;  ///< In the order of their hashes.
    // Of the writer alone.
    std::size_t added_ = 0;            ///< By this transaction.
    std::size_t moved_ = 0;            ///< Of `moving_`.
    std::int64_t next_number_ = 0;     ///< No number is used twice, also after a rollback.
    std::int64_t remaining_from_ = 0;  ///< Rows of `new_nonces` that were moved, to be deleted: the first,
    std::int64_t remaining_to_ = 0;    ///< and the one after the last.
};

/// Moves all that are new: for a database that is being opened, before anybody asks.
Result<void> settle_nonces(Connection& connection);
/// Lets SQL of `connection` call nonce_hash(channel, sender, nonce).
Result<void> define_nonce_hash(Connection& connection);

}  // namespace warren::adapters::sqlite
