#include "tests/simulation/replica_set.hpp"

#include <algorithm>

namespace warren::simulation {

template <class T>
const T* ReplicaSet::as_of(const Versions<T>& versions, Index at) {
    for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
        if (version->first <= at) return &version->second;
    }
    return nullptr;
}

Index ReplicaSet::committed_at(SteadyTime when) const {
    const auto later = [](SteadyTime t, const auto& commit) { return t < commit.first; };
    const auto at = std::upper_bound(commits_.begin(), commits_.end(), when, later);
    return at == commits_.begin() ? 0 : std::prev(at)->second;
}

EntryPtr ReplicaSet::head(ChannelId channel, Index at) const {
    const auto log = entries_.find(channel);
    if (log == entries_.end()) return nullptr;
    for (auto stored = log->second.rbegin(); stored != log->second.rend(); ++stored) {
        if (stored->second.is_there(at)) return stored->second.as_of(at);
    }
    return nullptr;
}

EntryPtr ReplicaSet::entry(ChannelId channel, Seq seq, Index at) const {
    const auto found = range(channel, seq, seq, 1, at);
    return found.empty() ? nullptr : found.front();
}

std::vector<EntryPtr> ReplicaSet::range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                        Index at) const {
    std::vector<EntryPtr> out;
    const auto log = entries_.find(channel);
    if (log == entries_.end()) return out;
    for (auto stored = log->second.lower_bound(from); stored != log->second.end(); ++stored) {
        if (stored->first > to || out.size() == limit) break;
        if (stored->second.is_there(at)) out.push_back(stored->second.as_of(at));
    }
    return out;
}

std::vector<EntryPtr> ReplicaSet::all_ever(ChannelId channel, Index at) const {
    std::vector<EntryPtr> out;
    for (const auto& [seq, stored] : entries_.at(channel)) {
        if (stored.index <= at) out.push_back(stored.as_of(at));
    }
    return out;
}

std::optional<Channel> ReplicaSet::channel(ChannelId id, Index at) const {
    const auto versions = channels_.find(id);
    if (versions == channels_.end()) return std::nullopt;
    const auto* found = as_of(versions->second, at);
    return found ? std::optional(*found) : std::nullopt;
}

std::vector<MemberRow> ReplicaSet::members_of(ChannelId channel, Index at) const {
    std::vector<MemberRow> out;
    const auto rows = rows_.find(channel);
    if (rows == rows_.end()) return out;
    for (const auto& [key, versions] : rows->second) {
        if (const auto* row = as_of(versions, at)) out.push_back(*row);
    }
    return out;
}

std::vector<MemberRow> ReplicaSet::stays_of(UserId user, Index at) const {
    std::vector<MemberRow> out;
    const auto channels = channels_of_.find(user);
    if (channels == channels_of_.end()) return out;
    for (const auto& channel : channels->second) {
        const auto& rows = rows_.at(channel);
        for (auto row = rows.lower_bound({user, 0}); row != rows.end() && row->first.first == user; ++row) {
            if (const auto* found = as_of(row->second, at)) out.push_back(*found);
        }
    }
    return out;
}

std::vector<ChannelId> ReplicaSet::channels() const {
    std::vector<ChannelId> out;
    for (const auto& [channel, log] : entries_)
        out.push_back(channel);
    return out;
}

Index ReplicaSet::note_write() {
    const Index index = ++last_;
    auto when = world_.now() + world_.random().between(milliseconds(1), milliseconds(4));
    if (world_.random().chance(faults_.stall)) {
        stalled_until_ = world_.now() + world_.random().between(milliseconds(100), milliseconds(1500));
    }
    world_.at(std::max(when, stalled_until_), nullptr, [this, index] { commit(index); });
    return index;
}

Result<Index> ReplicaSet::insert(const std::vector<EntryPtr>& run, std::size_t count) {
    Index index = last_;
    for (std::size_t i = 0; i < std::min(count, run.size()); ++i) {
        auto& log = entries_[run[i]->channel];
        const auto stored = log.find(run[i]->seq);
        if (stored != log.end() && stored->second.removed_at == 0) return Error(Errc::taken);
        index = note_write();
        log[run[i]->seq] = {index, run[i], 0, nullptr, 0};
        if (world_.traces()) {
            world_.trace("store: " + run[i]->channel.hex().substr(16) + "@" + std::to_string(run[i]->seq) +
                         " " + std::string(name_of(run[i]->kind())) + " \"" + run[i]->nonce + "\"");
        }
    }
    return index;
}

std::vector<Blanking> ReplicaSet::blankings(Index at) const {
    std::vector<Blanking> out;
    for (const auto& [id, stored] : notes_) {
        const bool forgotten = stored.forgotten_at != 0 && stored.forgotten_at <= at;
        if (stored.index <= at && !forgotten) out.push_back(stored.note);
    }
    return out;
}

EntryPtr ReplicaSet::original(ChannelId channel, Seq seq) const {
    return entries_.at(channel).at(seq).entry;
}

Index ReplicaSet::note_blankings(const std::vector<Blanking>& notes) {
    Index index = last_;
    for (const auto& note : notes) {
        const auto found = notes_.find(note.id);
        if (found != notes_.end() && found->second.forgotten_at == 0) continue;
        notes_[note.id] = {index = note_write(), note, 0};
    }
    return index;
}

Index ReplicaSet::blank(const std::vector<EntryPtr>& entries) {
    for (const auto& entry : entries) {
        auto& log = entries_[entry->channel];
        const auto stored = log.find(entry->seq);
        if (stored == log.end() || stored->second.blanked_at != 0) continue;
        stored->second.blanked_at = note_write();
        stored->second.blank = entry;
        if (world_.traces()) {
            world_.trace("store: blank " + entry->channel.hex().substr(16) + "@" +
                         std::to_string(entry->seq));
        }
    }
    return last_;
}

Index ReplicaSet::forget_blanking(EntryId id) {
    const auto found = notes_.find(id);
    if (found == notes_.end() || found->second.forgotten_at != 0) return last_;
    return found->second.forgotten_at = note_write();
}

Index ReplicaSet::remove_bucket(ChannelId channel, Bucket bucket) {
    auto& log = entries_[channel];
    const auto end = log.upper_bound(last_seq_of(bucket));
    for (auto stored = log.lower_bound(first_seq_of(bucket)); stored != end; ++stored) {
        if (stored->second.removed_at == 0) stored->second.removed_at = note_write();
    }
    return last_;
}

Index ReplicaSet::change_channel(ChannelId id, const std::function<void(Channel&)>& change) {
    auto& versions = channels_[id];
    if (versions.empty()) return last_;
    auto changed = versions.back().second;
    change(changed);
    if (changed == versions.back().second) return last_;
    const Index index = note_write();
    versions.emplace_back(index, changed);
    return index;
}

Index ReplicaSet::raise_start(ChannelId channel, const LogStart& start) {
    return change_channel(channel, [&start](Channel& stored) {
        stored.start.first_seq = std::max(stored.start.first_seq, start.first_seq);
        stored.start.count_before = std::max(stored.start.count_before, start.count_before);
        stored.start.removed_before = std::max(stored.start.removed_before, start.removed_before);
    });
}

Result<Index> ReplicaSet::set_retention(ChannelId channel, const std::optional<RetentionPolicy>& retention) {
    if (channels_[channel].empty()) return Error(Errc::not_found);
    return change_channel(channel, [&retention](Channel& stored) { stored.retention = retention; });
}

Index ReplicaSet::put_channel(const Channel& channel) {
    auto& versions = channels_[channel.id];
    auto put = channel;
    put.start = {};
    put.retention.reset();
    if (!versions.empty()) {
        const auto& stored = versions.back().second;
        if (stored.state_seq >= channel.state_seq) return last_;
        put.start = stored.start;
        put.retention = stored.retention;
    }
    const Index index = note_write();
    versions.emplace_back(index, put);
    return index;
}

Index ReplicaSet::merge(const std::vector<MemberRow>& rows) {
    for (const auto& row : rows) {
        auto& versions = rows_[row.channel][{row.user, row.from}];
        channels_of_[row.user].insert(row.channel);
        MemberRow merged = row;
        if (!versions.empty()) {
            const auto& stored = versions.back().second;
            if (stored.to != 0) merged.to = stored.to;
            if (stored.role_seq >= merged.role_seq) {
                merged.role = stored.role;
                merged.role_seq = stored.role_seq;
            }
            if (merged == stored) continue;
        }
        versions.emplace_back(note_write(), merged);
        if (world_.traces()) {
            world_.trace("store: row " + row.channel.hex().substr(16) + " " + row.user.hex().substr(22) +
                         " " + std::to_string(merged.from) + "-" + std::to_string(merged.to));
        }
    }
    return last_;
}

std::pair<Index, ChannelId> ReplicaSet::claim(const std::string& origin, ChannelId mine) {
    const auto found = origins_.find(origin);
    if (found != origins_.end()) return found->second;
    return origins_[origin] = {note_write(), mine};
}

void ReplicaSet::when_committed(Index index, std::function<void(bool)> done) {
    if (index <= committed_) return done(true);
    waiting_.emplace_back(index, std::move(done));
}

void ReplicaSet::commit(Index index) {
    if (index <= committed_) return;
    committed_ = index;
    commits_.emplace_back(world_.now(), index);
    auto waiting = std::exchange(waiting_, {});
    for (auto& [wanted, done] : waiting) {
        if (wanted <= committed_) {
            done(true);
        } else {
            waiting_.emplace_back(wanted, std::move(done));
        }
    }
}

void ReplicaSet::fail_over() {
    const Index keep = committed_ + world_.random().below(last_ - committed_ + 1);
    world_.trace("store: another primary; of " + std::to_string(last_ - committed_) +
                 " uncommitted writes it keeps " + std::to_string(keep - committed_));
    roll_back(keep);
    auto waiting = std::exchange(waiting_, {});
    for (auto& [wanted, done] : waiting) {
        if (wanted > keep) {
            done(false);
        } else {
            waiting_.emplace_back(wanted, std::move(done));
        }
    }
    world_.after(world_.random().between(milliseconds(0), milliseconds(100)), nullptr,
                 [this, keep] { commit(keep); });
}

void ReplicaSet::roll_back(Index keep) {
    for (auto& [channel, log] : entries_)
        std::erase_if(log, [keep](const auto& item) { return item.second.index > keep; });
    for (auto& [channel, log] : entries_) {
        for (auto& [seq, stored] : log) {
            stored.blanked_at = stored.blanked_at > keep ? 0 : stored.blanked_at;
            stored.removed_at = stored.removed_at > keep ? 0 : stored.removed_at;
        }
    }
    std::erase_if(notes_, [keep](const auto& item) { return item.second.index > keep; });
    for (auto& [id, stored] : notes_)
        stored.forgotten_at = stored.forgotten_at > keep ? 0 : stored.forgotten_at;
    const auto shorten = [keep](auto& versions) {
        while (!versions.empty() && versions.back().first > keep)
            versions.pop_back();
    };
    for (auto& [channel, versions] : channels_)
        shorten(versions);
    for (auto& [channel, rows] : rows_) {
        for (auto& [key, versions] : rows)
            shorten(versions);
    }
    std::erase_if(origins_, [keep](const auto& item) { return item.second.first > keep; });
}

}  // namespace warren::simulation
