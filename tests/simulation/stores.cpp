#include "tests/simulation/stores.hpp"

#include <algorithm>

#include "ports/entry_words.hpp"

namespace warren::simulation {

Span StoreClient::latency() {
    auto& random = side_.world.random();
    if (random.chance(side_.faults.slow)) return random.between(milliseconds(20), milliseconds(1000));
    return random.between(Span(200), milliseconds(3));
}

Index StoreClient::snapshot(bool of_range) {
    auto& random = side_.world.random();
    auto index = side_.replica_set.committed();
    const bool stale = random.chance(of_range ? side_.faults.stale_ranges : 0);
    if (stale || random.chance(side_.faults.stale)) {
        index = side_.replica_set.committed_at(side_.world.now() - random.between(Span(0), seconds(3)));
    }
    return std::max(index, seen_);
}

template <class T>
bool StoreClient::fails_early(const ReplyPtr<T>& reply, Deadline deadline) {
    auto& world = side_.world;
    auto& random = world.random();
    world.at(deadline.at, &process_, [reply] { reply->set(Error(Errc::timed_out)); });
    if (!side_.reachable && random.chance(0.2)) return true;
    if (!side_.reachable || random.chance(side_.faults.refused)) {
        world.after(latency(), &process_, [reply] { reply->set(Error(Errc::unavailable)); });
        return true;
    }
    return random.chance(side_.faults.request_lost);
}

template <class T>
void StoreClient::answer(const ReplyPtr<T>& reply, SteadyTime when, Index index, Result<T> value) {
    if (side_.world.random().chance(side_.faults.reply_lost)) return;
    side_.world.at(when, &process_, [this, reply, index, value = std::move(value)] {
        if (value.has_value()) seen_ = std::max(seen_, index);
        reply->set(value);
    });
}

template <class T>
Task<Result<T>> StoreClient::read(Deadline deadline, std::function<T(const ReplicaSet&, Index)> look,
                                  bool of_range) {
    auto reply = std::make_shared<Reply<Result<T>>>();
    auto waiting = reply->wait();
    ++process_.work.reads;
    if (fails_early<T>(reply, deadline)) return waiting;
    side_.world.after(latency(), nullptr, [this, reply, look = std::move(look), of_range] {
        const auto index = snapshot(of_range);
        answer<T>(reply, side_.world.now() + latency(), index, look(side_.replica_set, index));
    });
    return waiting;
}

Task<Result<void>> StoreClient::write(Deadline deadline, std::function<Result<Index>(ReplicaSet&)> change,
                                      bool may_be_late) {
    auto& world = side_.world;
    auto reply = std::make_shared<Reply<Result<void>>>();
    auto waiting = reply->wait();
    ++process_.work.writes;
    if (fails_early<void>(reply, deadline)) return waiting;
    auto when = world.now() + latency();
    if (may_be_late && world.random().chance(side_.faults.late)) {
        when = deadline.at + world.random().between(Span(0), seconds(2));
    }
    world.at(when, nullptr, [this, reply, change = std::move(change)] {
        const auto changed = change(side_.replica_set);
        const auto back = [this] { return side_.world.now() + latency(); };
        if (changed.has_error()) return answer<void>(reply, back(), 0, changed.error());
        const auto index = *changed;
        side_.replica_set.when_committed(index, [this, reply, index, back](bool committed) {
            if (committed) process_.done();
            if (committed) return answer<void>(reply, back(), index, Result<void>());
            answer<void>(reply, back(), 0, Error(Errc::unavailable));
        });
    });
    return waiting;
}

Task<Result<EntryPtr>> SimEntryStore::head(ChannelId channel, Deadline deadline) {
    return client_.read<EntryPtr>(
        deadline, [channel](const ReplicaSet& set, Index at) { return set.head(channel, at); });
}

Task<Result<std::vector<EntryPtr>>> SimEntryStore::heads(std::vector<ChannelId> channels, Deadline deadline) {
    const auto look = [channels = std::move(channels)](const ReplicaSet& set, Index at) {
        std::vector<EntryPtr> out;
        for (const auto& channel : channels)
            out.push_back(set.head(channel, at));
        return out;
    };
    return client_.read<std::vector<EntryPtr>>(deadline, look);
}

Task<Result<std::vector<EntryPtr>>> SimEntryStore::find_nonces(ChannelId channel, std::vector<NonceKey> keys,
                                                               Deadline deadline) {
    std::sort(keys.begin(), keys.end());
    const auto look = [channel, keys = std::move(keys)](const ReplicaSet& set, Index at) {
        auto found = set.range(channel, 1, UINT64_MAX, SIZE_MAX, at);
        std::erase_if(found, [&](const EntryPtr& entry) {
            return !std::binary_search(keys.begin(), keys.end(), NonceKey{entry->sender, entry->nonce});
        });
        return found;
    };
    return client_.read<std::vector<EntryPtr>>(deadline, look);
}

Task<Result<void>> SimEntryStore::insert(std::vector<EntryPtr> run, Unless unless, Deadline deadline) {
    if (unless.repeated) {
        auto looking = find_nonces(run.front()->channel, nonces_of(run), deadline);
        WARREN_CO_TRY(repeated, co_await std::move(looking));
        if (!repeated.empty()) co_return Error(Errc::taken);
    }
    auto asking = blocks_.existing(std::move(unless.blocks), deadline);
    WARREN_CO_TRY(blocks, co_await std::move(asking));
    if (!blocks.empty()) co_return Error(Errc::taken);
    auto& random = side_.world.random();
    const bool half = random.chance(side_.faults.half);
    const auto count = half ? random.below(run.size() + 1) : run.size();
    const auto change = [run = std::move(run), half, count](ReplicaSet& set) -> Result<Index> {
        auto inserted = set.insert(run, count);
        if (inserted.has_value() && half) return Error(Errc::unavailable);
        return inserted;
    };
    auto writing = client_.write(deadline, change, true);
    co_return co_await std::move(writing);
}

Task<Result<std::vector<EntryPtr>>> SimEntryStore::range(ChannelId channel, Seq from, Seq to,
                                                         std::size_t limit, Deadline deadline) {
    const auto look = [=](const ReplicaSet& set, Index at) {
        return set.range(channel, from, to, limit, at);
    };
    return client_.read<std::vector<EntryPtr>>(deadline, look, true);
}

Task<Result<std::vector<EntryPtr>>> SimEntryStore::targeting(ChannelId channel, Bucket bucket, Seq after,
                                                             Deadline deadline) {
    const auto look = [=](const ReplicaSet& set, Index at) {
        auto found = set.range(channel, after + 1, UINT64_MAX, SIZE_MAX, at);
        std::erase_if(found, [bucket](const EntryPtr& entry) {
            return entry->target() == 0 || bucket_of(entry->target()) != bucket;
        });
        return found;
    };
    return client_.read<std::vector<EntryPtr>>(deadline, look);
}

Task<Result<std::vector<EntryPtr>>> SimEntryStore::at(std::vector<Place> places, Deadline deadline) {
    const auto look = [places = std::move(places)](const ReplicaSet& set, Index at) {
        std::vector<EntryPtr> out;
        for (const auto& place : places) {
            if (auto entry = set.entry(place.channel, place.seq, at)) out.push_back(std::move(entry));
        }
        return out;
    };
    return client_.read<std::vector<EntryPtr>>(deadline, look);
}

Task<Result<void>> SimEntryStore::note_blankings(std::vector<Blanking> notes, Deadline deadline) {
    const auto change = [notes = std::move(notes)](ReplicaSet& set) -> Result<Index> {
        return set.note_blankings(notes);
    };
    return client_.write(deadline, change, true);
}

Task<Result<std::vector<Blanking>>> SimEntryStore::blankings(WallTime before, std::size_t limit,
                                                             Deadline deadline) {
    const auto look = [=](const ReplicaSet& set, Index at) {
        auto found = set.blankings(at);
        std::erase_if(found, [before](const Blanking& note) { return note.at >= before; });
        std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
        if (found.size() > limit) found.resize(limit);
        return found;
    };
    return client_.read<std::vector<Blanking>>(deadline, look);
}

Task<Result<void>> SimEntryStore::blank(std::vector<EntryPtr> entries, Deadline deadline) {
    const auto change = [entries = std::move(entries)](ReplicaSet& set) -> Result<Index> {
        return set.blank(entries);
    };
    return client_.write(deadline, change, true);
}

Task<Result<void>> SimEntryStore::forget_blanking(EntryId id, Deadline deadline) {
    const auto change = [id](ReplicaSet& set) -> Result<Index> { return set.forget_blanking(id); };
    return client_.write(deadline, change, true);
}

namespace {

/// As EntryStore::search says, by looking at everything.
bool is_found(const Entry& entry, const words::Needles& needles) {
    const auto words = searched_words(entry);
    const auto holds = [&](const auto& word) {
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (!needles.words.empty()) return std::all_of(needles.words.begin(), needles.words.end(), holds);
    return std::any_of(words.begin(), words.end(),
                       [&](const auto& word) { return word.starts_with(needles.prefix); });
}

}  // namespace

Task<Result<Hits>> SimEntryStore::search(std::vector<ChannelId> channels, words::Needles needles,
                                         std::optional<Hit> before, std::size_t limit, Deadline deadline) {
    const auto look = [=](const ReplicaSet& set, Index at) {
        std::set<Hit, std::greater<>> found;
        for (const auto& channel : channels) {
            for (const auto& entry : set.range(channel, 1, UINT64_MAX, SIZE_MAX, at)) {
                if (!is_found(*entry, needles)) continue;
                const auto message = set.entry(channel, searched_seq(*entry), at);
                // An edit outlives its message where retention came in between.
                const Hit hit{message ? message->at : entry->at, searched_seq(*entry), channel};
                if (!before || hit < *before) found.insert(hit);
            }
        }
        Hits out{{found.begin(), found.end()}, std::nullopt};
        if (out.hits.size() > limit) {
            out.hits.resize(limit);
            out.more = out.hits.back();
        }
        return out;
    };
    return client_.read<Hits>(deadline, look);
}

Task<Result<void>> SimEntryStore::remove_bucket(ChannelId channel, Bucket bucket, Deadline deadline) {
    const auto change = [channel, bucket](ReplicaSet& set) -> Result<Index> {
        return set.remove_bucket(channel, bucket);
    };
    return client_.write(deadline, change, true);
}

Task<Result<ChannelId>> SimChannelStore::claim_origin(std::string origin, ChannelId mine, Deadline deadline) {
    const auto held = std::make_shared<ChannelId>();
    const auto change = [origin = std::move(origin), mine, held](ReplicaSet& set) -> Result<Index> {
        const auto [index, id] = set.claim(origin, mine);
        *held = id;
        return index;
    };
    auto writing = client_.write(deadline, change);
    WARREN_CO_TRY_VOID(co_await std::move(writing));
    co_return *held;
}

Task<Result<void>> SimChannelStore::put_channel(Channel channel, Deadline deadline) {
    return client_.write(deadline, [channel = std::move(channel)](ReplicaSet& set) -> Result<Index> {
        return set.put_channel(channel);
    });
}

Task<Result<void>> SimChannelStore::raise_start(ChannelId channel, LogStart start, Deadline deadline) {
    return client_.write(deadline, [channel, start](ReplicaSet& set) -> Result<Index> {
        return set.raise_start(channel, start);
    });
}

Task<Result<void>> SimChannelStore::set_retention(ChannelId channel, std::optional<RetentionPolicy> retention,
                                                  Deadline deadline) {
    return client_.write(
        deadline, [channel, retention](ReplicaSet& set) { return set.set_retention(channel, retention); });
}

Task<Result<std::vector<Channel>>> SimChannelStore::list(ChannelId after, std::size_t limit,
                                                         Deadline deadline) {
    const auto look = [=](const ReplicaSet& set, Index at) {
        std::vector<Channel> out;
        for (const auto& id : set.channels()) {
            auto channel = set.channel(id, at);
            if (after < id && channel && out.size() < limit) out.push_back(std::move(*channel));
        }
        return out;
    };
    return client_.read<std::vector<Channel>>(deadline, look);
}

Task<Result<std::vector<Channel>>> SimChannelStore::channels(std::vector<ChannelId> ids, Deadline deadline) {
    const auto look = [ids = std::move(ids)](const ReplicaSet& set, Index at) {
        std::vector<Channel> out;
        for (const auto& id : ids) {
            if (auto channel = set.channel(id, at)) out.push_back(std::move(*channel));
        }
        return out;
    };
    return client_.read<std::vector<Channel>>(deadline, look);
}

Task<Result<void>> SimChannelStore::merge_members(std::vector<MemberRow> rows, Deadline deadline) {
    return client_.write(
        deadline, [rows = std::move(rows)](ReplicaSet& set) -> Result<Index> { return set.merge(rows); });
}

Task<Result<std::vector<MemberRow>>> SimChannelStore::members(ChannelId channel, Seq at, UserId after,
                                                              std::size_t limit, Deadline deadline) {
    const auto look = [=](const ReplicaSet& set, Index index) {
        auto rows = set.members_of(channel, index);
        std::erase_if(rows, [&](const MemberRow& row) { return !row.covers(at) || !(after < row.user); });
        if (rows.size() > limit) rows.resize(limit);
        return rows;
    };
    return client_.read<std::vector<MemberRow>>(deadline, look);
}

Task<Result<std::vector<MemberRow>>> SimChannelStore::stays_of(UserId user, Deadline deadline) {
    return client_.read<std::vector<MemberRow>>(
        deadline, [user](const ReplicaSet& set, Index at) { return set.stays_of(user, at); });
}

Task<Result<std::vector<User>>> SimUserStore::users(std::vector<UserId> ids, Deadline deadline) {
    const auto look = [ids = std::move(ids)](const ReplicaSet&, Index) {
        std::vector<User> out(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i)
            out[i].id = ids[i];
        return out;
    };
    return client_.read<std::vector<User>>(deadline, look);
}

Task<Result<void>> SimMemberStore::merge(std::vector<MemberUpdate> updates, Deadline) {
    if (!side_.reachable) co_return Error(Errc::unavailable);
    ++side_.member_merges;
    for (const auto& update : updates) {
        auto& state = side_.member_states[update.key];
        state.key = update.key;
        state = apply(state, update);
    }
    co_return Result<void>();
}

Task<Result<std::vector<MemberState>>> SimMemberStore::at(std::vector<MemberKey> keys, Deadline) {
    if (!side_.reachable) co_return Error(Errc::unavailable);
    std::vector<MemberState> out;
    for (const auto& key : keys) {
        if (const auto found = side_.member_states.find(key); found != side_.member_states.end())
            out.push_back(found->second);
    }
    co_return out;
}

}  // namespace warren::simulation
