#pragma once
#include <map>

#include "ports/block_store.hpp"
#include "ports/channel_store.hpp"
#include "ports/entry_store.hpp"
#include "ports/member_store.hpp"
#include "ports/user_store.hpp"
#include "tests/simulation/replica_set.hpp"
#include "tests/support/refusing_user_store.hpp"

namespace warren::simulation {

/// What all nodes share of the store: the replica set, and whether it can be reached at all.
struct StoreSide {
    World& world;
    const Faults& faults;
    ReplicaSet& replica_set;
    bool reachable = true;
    std::map<MemberKey, MemberState> member_states{};
    int member_merges = 0;
    std::map<UserId, WallTime> last_seen{};
    int last_seen_writes = 0;
};

/// One node's way to the replica set: latency, lost requests and replies, stale answers. Causal: a read shows
/// all that this object showed or acknowledged before.
class StoreClient {
public:
    StoreClient(StoreSide& side, Process& process) : side_(side), process_(process) {}

    /// What `look` finds in a committed state.
    template <class T>
    Task<Result<T>> read(Deadline deadline, std::function<T(const ReplicaSet&, Index)> look,
                         bool of_range = false);
    /// Resolves once what `change` did at the primary is committed.
    Task<Result<void>> write(Deadline deadline, std::function<Result<Index>(ReplicaSet&)> change,
                             bool may_be_late = false);

private:
    template <class T>
    using ReplyPtr = std::shared_ptr<Reply<Result<T>>>;

    /// Whether the call ends here, and if so schedules how.
    template <class T>
    bool fails_early(const ReplyPtr<T>& reply, Deadline deadline);
    template <class T>
    void answer(const ReplyPtr<T>& reply, SteadyTime when, Index index, Result<T> value);
    Span latency();
    Index snapshot(bool of_range);

    StoreSide& side_;
    Process& process_;
    Index seen_ = 0;
};

class SimEntryStore final : public EntryStore {
public:
    SimEntryStore(StoreSide& side, Process& process, BlockStore& blocks)
        : side_(side), client_(side, process), blocks_(blocks) {}
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
    StoreSide& side_;
    StoreClient client_;
    BlockStore& blocks_;
};

class SimChannelStore final : public ChannelStore {
public:
    SimChannelStore(StoreSide& side, Process& process) : client_(side, process) {}
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
    StoreClient client_;
};

/// Nobody blocks anybody: that is not what is simulated, and takes no time.
class SimBlockStore final : public BlockStore {
public:
    Task<Result<void>> put(Block block, Deadline) override {
        blocks.insert(block);
        co_return Result<void>();
    }
    Task<Result<void>> remove(Block block, Deadline) override {
        blocks.erase(block);
        co_return Result<void>();
    }
    Task<Result<std::vector<UserId>>> blocked_by(UserId blocker, Deadline) override {
        std::vector<UserId> out;
        for (const auto& block : blocks) {
            if (block.blocker == blocker) out.push_back(block.blocked);
        }
        co_return out;
    }
    Task<Result<std::vector<Block>>> existing(std::vector<Block> asked, Deadline) override {
        std::erase_if(asked, [this](const Block& block) { return !blocks.contains(block); });
        co_return asked;
    }
    std::set<Block> blocks;
};

/// Rows that all nodes share; what befalls the replica set is not tried on them.
class SimMemberStore final : public MemberStore {
public:
    explicit SimMemberStore(StoreSide& side) : side_(side) {}
    Task<Result<void>> merge(std::vector<MemberUpdate> updates, Deadline deadline) override;
    Task<Result<std::vector<MemberState>>> at(std::vector<MemberKey> keys, Deadline deadline) override;

private:
    StoreSide& side_;
};

/// Everybody exists whom anybody asks for: people are not what is simulated.
class SimUserStore final : public testing::RefusingUserStore {
public:
    SimUserStore(StoreSide& side, Process& process) : side_(side), client_(side, process) {}
    Task<Result<std::vector<User>>> users(std::vector<UserId> ids, Deadline deadline) override;
    Task<Result<void>> put_last_seen(std::vector<LastSeen> people, Deadline) override {
        for (const auto& seen : people) {
            auto& at = side_.last_seen[seen.user];
            at = std::max(at, seen.at);
        }
        ++side_.last_seen_writes;
        co_return Result<void>();
    }
    Task<Result<std::vector<LastSeen>>> last_seen(std::vector<UserId> ids, Deadline) override {
        std::vector<LastSeen> out;
        for (const auto& id : ids) {
            if (side_.last_seen.contains(id)) out.push_back({id, side_.last_seen.at(id)});
        }
        co_return out;
    }

private:
    StoreSide& side_;
    StoreClient client_;
};

}  // namespace warren::simulation
