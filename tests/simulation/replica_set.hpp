#pragma once
#include <deque>
#include <map>
#include <set>

#include "base/result.hpp"
#include "model/channel.hpp"
#include "model/entry.hpp"
#include "ports/entry_store.hpp"
#include "tests/simulation/faults.hpp"

namespace warren::simulation {

/// The place of a write in the order of all writes. Not used again after a rollback.
using Index = std::uint64_t;

/// What a MongoDB replica set keeps: writes in one order at the primary, committed once a majority has them.
/// What is not committed may be rolled back when the primary changes. Reads see a committed state, the newest
/// or an older one. Knows nothing of who asks.
class ReplicaSet {
public:
    ReplicaSet(World& world, const Faults& faults) : world_(world), faults_(faults) {}

    Index committed() const { return committed_; }
    /// What was committed at `when`.
    Index committed_at(SteadyTime when) const;

    // Reads, as of a committed index.
    EntryPtr head(ChannelId channel, Index at) const;
    EntryPtr entry(ChannelId channel, Seq seq, Index at) const;
    std::vector<EntryPtr> range(ChannelId channel, Seq from, Seq to, std::size_t limit, Index at) const;
    /// Also what was removed.
    std::vector<EntryPtr> all_ever(ChannelId channel, Index at) const;
    std::optional<Channel> channel(ChannelId id, Index at) const;
    std::vector<MemberRow> members_of(ChannelId channel, Index at) const;
    std::vector<MemberRow> stays_of(UserId user, Index at) const;
    std::vector<Blanking> blankings(Index at) const;
    /// What was there before it was blanked, if it was.
    EntryPtr original(ChannelId channel, Seq seq) const;
    /// Every channel with an entry, committed or not.
    std::vector<ChannelId> channels() const;

    // Writes at the primary: the index by which they are done.
    /// Inserts the first `count` of `run`. @errors taken, with what came before the taken one inserted
    Result<Index> insert(const std::vector<EntryPtr>& run, std::size_t count);
    Index note_blankings(const std::vector<Blanking>& notes);
    Index blank(const std::vector<EntryPtr>& entries);
    Index forget_blanking(EntryId id);
    Index remove_bucket(ChannelId channel, Bucket bucket);
    Index raise_start(ChannelId channel, const LogStart& start);
    Result<Index> set_retention(ChannelId channel, const std::optional<RetentionPolicy>& retention);
    Index put_channel(const Channel& channel);
    Index merge(const std::vector<MemberRow>& rows);
    std::pair<Index, ChannelId> claim(const std::string& origin, ChannelId mine);

    /// Calls `done` once everything up to `index` is committed (true), or was rolled back (false).
    void when_committed(Index index, std::function<void(bool)> done);
    /// Another primary: some of what is not committed is lost, what remains is committed.
    void fail_over();
    /// For logs that exist from the start: commits everything.
    void commit_all() { commit(last_); }

private:
    struct StoredEntry {
        Index index;
        EntryPtr entry;
        Index blanked_at = 0;  ///< 0: never.
        EntryPtr blank;
        Index removed_at = 0;  ///< 0: never.

        bool is_there(Index at) const { return index <= at && (removed_at == 0 || removed_at > at); }
        EntryPtr as_of(Index at) const { return blanked_at != 0 && blanked_at <= at ? blank : entry; }
    };
    struct StoredNote {
        Index index;
        Blanking note;
        Index forgotten_at = 0;  ///< 0: never.
    };
    template <class T>
    using Versions = std::vector<std::pair<Index, T>>;
    using RowKey = std::pair<UserId, Seq>;

    template <class T>
    static const T* as_of(const Versions<T>& versions, Index at);
    Index note_write();
    Index change_channel(ChannelId id, const std::function<void(Channel&)>& change);
    void commit(Index index);
    void roll_back(Index keep);

    World& world_;
    const Faults& faults_;
    Index last_ = 0;
    Index committed_ = 0;
    SteadyTime stalled_until_{};
    std::vector<std::pair<SteadyTime, Index>> commits_;
    std::vector<std::pair<Index, std::function<void(bool)>>> waiting_;
    std::map<ChannelId, std::map<Seq, StoredEntry>> entries_;
    std::map<ChannelId, Versions<Channel>> channels_;
    std::map<ChannelId, std::map<RowKey, Versions<MemberRow>>> rows_;
    std::map<UserId, std::set<ChannelId>> channels_of_;
    std::map<std::string, std::pair<Index, ChannelId>> origins_;
    std::map<EntryId, StoredNote> notes_;
};

}  // namespace warren::simulation
