#include "adapters/sqlite/channel_store.hpp"

#include "adapters/sqlite/entry_store.hpp"

namespace warren::adapters::sqlite {
namespace {

#define WARREN_SELECT_CHANNEL                                                                            \
    "SELECT id, is_group, name, image, history, data, created_at, updated_at, state_seq, member_count, " \
    "first_seq, count_before, removed_before, max_age_ms, max_messages FROM channels WHERE "

Channel channel_of(const Statement& row) {
    Channel out;
    out.id = row.id<ChannelId>(0);
    out.is_group = row.integer(1) != 0;
    out.name = row.text(2);
    out.image = row.text(3);
    out.history = static_cast<HistoryAccess>(row.integer(4));
    out.data = row.text(5);
    out.created_at = row.time(6);
    out.updated_at = row.time(7);
    out.state_seq = row.number(8);
    out.member_count = static_cast<std::uint32_t>(row.integer(9));
    out.start = {row.number(10), row.number(11), row.number(12)};
    if (!row.is_null(13))
        out.retention = RetentionPolicy{std::chrono::milliseconds(row.integer(13)), row.number(14)};
    return out;
}

Result<std::vector<MemberRow>> collect_members(Statement& rows) {
    std::vector<MemberRow> out;
    for (;;) {
        WARREN_TRY(row, rows.step());
        if (!row) return out;
        out.push_back({rows.id<ChannelId>(0), rows.id<UserId>(1), rows.number(2), rows.number(3),
                       static_cast<Role>(rows.integer(4)), rows.number(5)});
    }
}

Result<std::vector<MemberRow>> rows_of(Connection& connection, UserId user) {
    auto rows = connection.query(
        "SELECT channel, user, from_seq, to_seq, role, role_seq FROM members WHERE user = ?", user);
    return collect_members(rows);
}

Result<std::vector<MemberRow>> members_at(Connection& connection, const Place& place, UserId after,
                                          std::size_t limit) {
    auto rows = connection.query(
        "SELECT channel, user, from_seq, to_seq, role, role_seq FROM members "
        "WHERE channel = ?1 AND user > ?3 AND from_seq <= ?2 AND (to_seq = 0 OR to_seq > ?2) ORDER BY user "
        "LIMIT ?4",
        place.channel, place.seq, after, limit);
    return collect_members(rows);
}

Result<std::optional<Channel>> find_channel(Connection& connection, ChannelId id) {
    auto rows = connection.query(WARREN_SELECT_CHANNEL "id = ?", id);
    WARREN_TRY(row, rows.step());
    return row ? std::optional(channel_of(rows)) : std::nullopt;
}

Result<ChannelNow> channel_now(Connection& connection, ChannelId id) {
    ChannelNow out;
    WARREN_TRY(head, short_head_of(connection, id));
    out.head = std::move(head);
    WARREN_TRY(found, find_channel(connection, id));
    if (found) out.document = *std::move(found);
    return out;
}

Result<ChannelNow> read_channel(Connection& connection, Recent& recent, Recent::Moment moment, ChannelId id) {
    auto channel = channel_now(connection, id);
    if (channel) recent.keep(moment, id, *channel);
    return channel;
}

/// Channels that Recent did not have.
Result<std::vector<ChannelNow>> read_channels(Connection& connection, Recent& recent,
                                              const std::vector<ChannelId>& ids) {
    const auto moment = recent.moment();
    std::vector<ChannelNow> out;
    out.reserve(ids.size());
    for (const auto& id : ids) {
        WARREN_TRY(channel, read_channel(connection, recent, moment, id));
        out.push_back(std::move(channel));
    }
    return out;
}

Result<void> upsert_channel(Connection& connection, const Channel& c) {
    return connection
        .query(
            "INSERT INTO channels (id, is_group, name, image, history, data, created_at, updated_at, "
            "state_seq, "
            "member_count) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
            "is_group = excluded.is_group, name = excluded.name, image = excluded.image, "
            "history = excluded.history, data = excluded.data, created_at = excluded.created_at, "
            "updated_at = excluded.updated_at, state_seq = excluded.state_seq, "
            "member_count = excluded.member_count WHERE excluded.state_seq > channels.state_seq",
            c.id, c.is_group, c.name, c.image, c.history, c.data, c.created_at, c.updated_at, c.state_seq,
            c.member_count)
        .run();
}

/// In an update the right-hand sides see the row as it was.
Result<void> merge_member(Connection& connection, const MemberRow& m) {
    return connection
        .query(
            "INSERT INTO members (channel, user, from_seq, to_seq, role, role_seq) VALUES (?,?,?,?,?,?) "
            "ON CONFLICT (channel, user, from_seq) DO UPDATE SET "
            "to_seq = CASE WHEN to_seq = 0 THEN excluded.to_seq ELSE to_seq END, "
            "role = CASE WHEN excluded.role_seq > role_seq THEN excluded.role ELSE role END, "
            "role_seq = max(role_seq, excluded.role_seq) "
            "WHERE (to_seq = 0 AND excluded.to_seq <> 0) OR excluded.role_seq > role_seq",
            m.channel, m.user, m.from, m.to, m.role, m.role_seq)
        .run();
}

}  // namespace

Task<Result<ChannelId>> ChannelStore::claim_origin(std::string origin, ChannelId mine, Deadline deadline) {
    const auto bytes = origin.size();
    auto work = [origin = std::move(origin), mine](Connection& connection) -> Result<ChannelId> {
        WARREN_TRY_VOID(
            connection
                .query("INSERT INTO origins (origin, channel) VALUES (?,?) ON CONFLICT DO NOTHING", origin,
                       mine)
                .run());
        auto rows = connection.query("SELECT channel FROM origins WHERE origin = ?", origin);
        WARREN_TRY(row, rows.step());
        return row ? rows.id<ChannelId>(0) : mine;
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<void>> ChannelStore::put_channel(Channel channel, Deadline deadline) {
    const auto bytes = sizeof(Channel) + channel.name.size() + channel.image.size() + channel.data.size();
    auto work = [channel = std::move(channel)](Connection& connection) {
        connection.changes().channels.push_back(channel.id);
        return upsert_channel(connection, channel);
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<void>> ChannelStore::raise_start(ChannelId channel, LogStart start, Deadline deadline) {
    auto work = [channel, start](Connection& connection) {
        connection.changes().channels.push_back(channel);
        return connection
            .query(
                "UPDATE channels SET first_seq = max(first_seq, ?), count_before = max(count_before, ?), "
                "removed_before = max(removed_before, ?) WHERE id = ?",
                start.first_seq, start.count_before, start.removed_before, channel)
            .run();
    };
    return database_.write(deadline, sizeof(LogStart), std::move(work));
}

Task<Result<void>> ChannelStore::set_retention(ChannelId channel, std::optional<RetentionPolicy> retention,
                                               Deadline deadline) {
    auto work = [channel, retention](Connection& connection) -> Result<void> {
        connection.changes().channels.push_back(channel);
        std::optional<std::int64_t> age;
        std::optional<std::uint64_t> messages;
        if (retention) {
            age = retention->max_age.count();
            messages = retention->max_messages;
        }
        auto changed =
            connection.query("UPDATE channels SET max_age_ms = ?, max_messages = ? WHERE id = ? RETURNING id",
                             age, messages, channel);
        WARREN_TRY(found, changed.step());
        if (!found) return Error(Errc::not_found, "There is no such channel.");
        return changed.run();
    };
    return database_.write(deadline, sizeof(RetentionPolicy), std::move(work));
}

Task<Result<std::vector<Channel>>> ChannelStore::list(ChannelId after, std::size_t limit, Deadline deadline) {
    auto query = [after, limit](Connection& connection) -> Result<std::vector<Channel>> {
        std::vector<Channel> out;
        auto rows = connection.query(WARREN_SELECT_CHANNEL "id > ? ORDER BY id LIMIT ?", after, limit);
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) return out;
            out.push_back(channel_of(rows));
        }
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<Channel>>> ChannelStore::channels(std::vector<ChannelId> ids, Deadline deadline) {
    auto reading = read_now(std::move(ids), deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    std::vector<Channel> out;
    for (auto& channel : found)
        if (!channel.document.id.is_none()) out.push_back(std::move(channel.document));
    co_return out;
}

Task<Result<void>> ChannelStore::merge_members(std::vector<MemberRow> rows, Deadline deadline) {
    const auto bytes = rows.size() * sizeof(MemberRow);
    auto work = [rows = std::move(rows)](Connection& connection) -> Result<void> {
        for (const auto& row : rows) {
            connection.changes().users.push_back(row.user);
            WARREN_TRY_VOID(merge_member(connection, row));
        }
        return {};
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<std::vector<MemberRow>>> ChannelStore::members(ChannelId channel, Seq at, UserId after,
                                                           std::size_t limit, Deadline deadline) {
    auto query = [place = Place{channel, at}, after, limit](Connection& connection) {
        return members_at(connection, place, after, limit);
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<std::vector<MemberRow>>>> ChannelStore::members_of(std::vector<Place> places,
                                                                           std::size_t limit,
                                                                           Deadline deadline) {
    auto query = [places = std::move(places),
                  limit](Connection& connection) -> Result<std::vector<std::vector<MemberRow>>> {
        std::vector<std::vector<MemberRow>> out;
        for (const auto& place : places) {
            WARREN_TRY(rows, members_at(connection, place, {}, limit));
            out.push_back(std::move(rows));
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<MemberRow>>> ChannelStore::stays_of(UserId user, Deadline deadline) {
    auto query = [user](Connection& connection) { return rows_of(connection, user); };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<ChannelNow>>> ChannelStore::now(std::vector<ChannelId> ids, warren::EntryStore&,
                                                        Deadline deadline) {
    return read_now(std::move(ids), deadline);
}

Task<Result<std::vector<ChannelNow>>> ChannelStore::read_now(std::vector<ChannelId> ids, Deadline deadline) {
    auto& recent = database_.recent();
    auto found = recent.channels(ids);
    std::vector<ChannelId> missing;
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (!found[i]) missing.push_back(ids[i]);
    std::vector<ChannelNow> read;
    if (!missing.empty()) {
        auto query = [&recent, missing = std::move(missing)](Connection& connection) {
            return read_channels(connection, recent, missing);
        };
        auto reading = database_.read(deadline, std::move(query));
        WARREN_CO_TRY(answer, co_await std::move(reading));
        read = std::move(answer);
    }
    std::vector<ChannelNow> out;
    out.reserve(ids.size());
    auto next = read.begin();
    for (auto& channel : found)
        out.push_back(std::move(channel ? *channel : *next++));
    co_return out;
}

Task<Result<Whereabouts>> ChannelStore::whereabouts(UserId user, warren::EntryStore&, Deadline deadline) {
    auto& recent = database_.recent();
    if (auto known = recent.whereabouts(user)) co_return *std::move(known);
    auto query = [&recent, user](Connection& connection) -> Result<Whereabouts> {
        const auto moment = recent.moment();
        Whereabouts out;
        WARREN_TRY(rows, rows_of(connection, user));
        out.rows = std::move(rows);
        recent.keep(moment, user, out.rows);
        out.channels = recent.channels_of(moment, user, out.rows);
        for (const auto& row : out.rows) {
            if (row.to != 0 || out.channels.contains(row.channel)) continue;
            WARREN_TRY(channel, read_channel(connection, recent, moment, row.channel));
            out.channels.emplace(row.channel, std::move(channel));
        }
        return out;
    };
    auto reading = database_.read(deadline, std::move(query));
    co_return co_await std::move(reading);
}

}  // namespace warren::adapters::sqlite
