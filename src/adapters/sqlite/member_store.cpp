#include "adapters/sqlite/member_store.hpp"

#include <algorithm>
#include <span>

namespace warren::adapters::sqlite {
namespace {

using Keys = std::span<const MemberKey>;

#define WARREN_SELECT_STATE                                                                    \
    "SELECT user, delivered, read, read_count, muted, pinned, archived, notify, unread_from, " \
    "unread_count_before, revision FROM member_states WHERE channel = ? AND user "

MemberState state_of(const Statement& row, ChannelId channel) {
    MemberState out;
    out.key = {channel, row.id<UserId>(0)};
    out.watermark = {row.number(1), row.number(2), row.number(3)};
    out.settings.muted = row.integer(4) != 0;
    out.settings.pinned = row.integer(5) != 0;
    out.settings.archived = row.integer(6) != 0;
    out.settings.notify = static_cast<NotifyLevel>(row.integer(7));
    out.settings.unread = {row.number(8), row.number(9)};
    out.settings.revision = row.number(10);
    return out;
}

Result<std::optional<MemberState>> find(Connection& connection, const MemberKey& key) {
    auto rows = connection.query(WARREN_SELECT_STATE "= ?", key.channel, key.user);
    WARREN_TRY(row, rows.step());
    return row ? std::optional(state_of(rows, key.channel)) : std::nullopt;
}

/// The states of some people in one channel, by their range: most often they are all that it has. False,
/// and nothing appended, where so many others lie between them that each is better looked for.
Result<bool> find_range(Connection& connection, Keys keys, std::vector<MemberState>& out) {
    const auto before = out.size();
    auto others_left = keys.size() + 8;
    auto rows = connection.query(WARREN_SELECT_STATE "BETWEEN ? AND ?", keys.front().channel,
                                 keys.front().user, keys.back().user);
    for (;;) {
        WARREN_TRY(row, rows.step());
        if (!row) return true;
        auto state = state_of(rows, keys.front().channel);
        if (std::binary_search(keys.begin(), keys.end(), state.key)) {
            out.push_back(std::move(state));
        } else if (others_left-- == 0) {
            out.resize(before);
            return false;
        }
    }
}

/// `keys` ascending, of one channel.
Result<void> find_all(Connection& connection, Keys keys, std::vector<MemberState>& out) {
    if (keys.size() > 1) {
        WARREN_TRY(done, find_range(connection, keys, out));
        if (done) return {};
    }
    for (const auto& key : keys) {
        WARREN_TRY(found, find(connection, key));
        if (found) out.push_back(*found);
    }
    return {};
}

/// One thread writes, so what was read is what is replaced.
Result<void> merge_one(Connection& connection, const MemberUpdate& update) {
    WARREN_TRY(found, find(connection, update.key));
    MemberState before;
    before.key = update.key;
    const auto after = apply(found.value_or(before), update);
    const auto& [mark, settings] = std::tie(after.watermark, after.settings);
    return connection
        .query(
            "INSERT OR REPLACE INTO member_states (channel, user, delivered, read, read_count, muted, "
            "pinned, archived, notify, unread_from, unread_count_before, revision) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            after.key.channel, after.key.user, mark.delivered, mark.read, mark.read_count, settings.muted,
            settings.pinned, settings.archived, settings.notify, settings.unread.from,
            settings.unread.count_before, settings.revision)
        .run();
}

}  // namespace

Task<Result<void>> MemberStore::merge(std::vector<MemberUpdate> updates, Deadline deadline) {
    const auto bytes = updates.size() * sizeof(MemberUpdate);
    auto work = [updates = std::move(updates)](Connection& connection) -> Result<void> {
        for (const auto& update : updates) {
            WARREN_TRY_VOID(merge_one(connection, update));
        }
        return {};
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<std::vector<MemberState>>> MemberStore::at(std::vector<MemberKey> keys, Deadline deadline) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    auto query = [keys = std::move(keys)](Connection& connection) -> Result<std::vector<MemberState>> {
        std::vector<MemberState> out;
        for (auto from = keys.begin(); from != keys.end();) {
            const auto is_other = [&](const MemberKey& key) { return key.channel != from->channel; };
            const auto to = std::find_if(from, keys.end(), is_other);
            WARREN_TRY_VOID(find_all(connection, {from, to}, out));
            from = to;
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

}  // namespace warren::adapters::sqlite
