#include "adapters/sqlite/recent.hpp"

#include "adapters/sqlite/entry_store.hpp"

namespace warren::adapters::sqlite {
namespace {

constexpr const char* kName = "warren_sqlite_recent_total";
constexpr const char* kHelp = "Questions where a channel or a person is, by whether memory had the answer.";

constexpr std::size_t kRowsMax = 100;
constexpr std::size_t kHeadBytesMax = 4'096;

}  // namespace

Recent::Recent(Metrics& metrics)
    : hits_(metrics.counter(kName, kHelp, {{"found", "yes"}})),
      misses_(metrics.counter(kName, kHelp, {{"found", "no"}})) {}

Recent::Moment Recent::moment() const {
    const std::lock_guard lock(mutex_);
    return moment_;
}

std::vector<std::optional<ChannelNow>> Recent::channels(const std::vector<ChannelId>& ids) {
    std::vector<std::optional<ChannelNow>> out;
    out.reserve(ids.size());
    bool all = true;
    const std::lock_guard lock(mutex_);
    for (const auto& id : ids) {
        const auto* known = channels_.find(id);
        out.push_back(known ? std::optional(*known) : std::nullopt);
        all = all && known;
    }
    (all ? hits_ : misses_).Increment();
    return out;
}

std::optional<Whereabouts> Recent::whereabouts(UserId user) {
    Whereabouts out;
    const std::lock_guard lock(mutex_);
    const auto* rows = rows_.find(user);
    bool all = rows;
    if (all) out.channels.reserve(rows->size());
    for (std::size_t i = 0; all && i < rows->size(); ++i) {
        const auto& row = (*rows)[i];
        if (row.to != 0) continue;
        const auto* channel = channels_.find(row.channel);
        all = channel;
        if (channel) out.channels.emplace(row.channel, *channel);
    }
    (all ? hits_ : misses_).Increment();
    if (!all) return std::nullopt;
    out.rows = *rows;
    return out;
}

FlatMap<ChannelId, ChannelNow> Recent::channels_of(Moment moment, UserId user,
                                                   const std::vector<MemberRow>& rows) {
    FlatMap<ChannelId, ChannelNow> out;
    out.reserve(rows.size());
    const std::lock_guard lock(mutex_);
    if (changed_[user] > moment) return out;
    for (const auto& row : rows) {
        const auto* known = row.to == 0 ? channels_.find(row.channel) : nullptr;
        if (known) out.emplace(row.channel, *known);
    }
    return out;
}

void Recent::keep(Moment moment, ChannelId id, const ChannelNow& channel) {
    if (channel.head && size_of(*channel.head) > kHeadBytesMax) return;
    const std::lock_guard lock(mutex_);
    if (changed_[id] <= moment) channels_.put(id, channel);
}

void Recent::keep(Moment moment, UserId user, const std::vector<MemberRow>& rows) {
    if (rows.size() > kRowsMax) return;
    const std::lock_guard lock(mutex_);
    if (changed_[user] <= moment) rows_.put(user, rows);
}

void Recent::begin(const Changes& changes) {
    const std::lock_guard lock(mutex_);
    mark(changes, kNow);
    for (const auto& id : changes.channels)
        channels_.erase(id);
    for (const auto& id : changes.users)
        rows_.erase(id);
}

void Recent::end(const Changes& changes) {
    const std::lock_guard lock(mutex_);
    mark(changes, ++moment_);
}

void Recent::mark(const Changes& changes, Moment at) {
    for (const auto& id : changes.channels)
        changed_[id] = at;
    for (const auto& id : changes.users)
        changed_[id] = at;
}

void Recent::clear() {
    const std::lock_guard lock(mutex_);
    channels_.clear();
    rows_.clear();
}

void Recent::give_memory_back() {
    const std::lock_guard lock(mutex_);
    channels_.age();
    rows_.age();
}

}  // namespace warren::adapters::sqlite
