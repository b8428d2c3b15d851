#include "adapters/sqlite/member_store.hpp"

#include <algorithm>

namespace warren::adapters::sqlite {
namespace {

Result<std::optional<MemberState>> find(Connection& connection, const MemberKey& key) {
    auto rows = connection.query(
        "SELECT delivered, read, read_count, muted, pinned, archived, notify, unread_from, "
        "unread_count_before, revision FROM member_states WHERE channel = ? AND user = ?",
        key.channel, key.user);
    WARREN_TRY(row, rows.step());
    if (!row) return std::optional<MemberState>();
    MemberState out;
    out.key = key;
    out.watermark = {rows.number(0), rows.number(1), rows.number(2)};
    out.settings.muted = rows.integer(3) != 0;
    out.settings.pinned = rows.integer(4) != 0;
    out.settings.archived = rows.integer(5) != 0;
    out.settings.notify = static_cast<NotifyLevel>(rows.integer(6));
    out.settings.unread = {rows.number(7), rows.number(8)};
    out.settings.revision = rows.number(9);
    return std::optional(out);
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
        for (const auto& key : keys) {
            WARREN_TRY(found, find(connection, key));
            if (found) out.push_back(*found);
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

}  // namespace warren::adapters::sqlite
