#include "adapters/sqlite/user_store.hpp"

namespace warren::adapters::sqlite {
namespace {

#define WARREN_SELECT_USER \
    "SELECT id, name, email, phone, image, status, created_at, password_hash FROM users "
#define WARREN_SELECT_SESSION \
    "SELECT token_hash, socket_token_hash, user, created_at, expires_at FROM sessions "

User user_of(const Statement& row) {
    User out;
    out.id = row.id<UserId>(0);
    out.name = row.text(1);
    out.email = row.text(2);
    out.phone = row.text(3);
    out.image = row.text(4);
    out.status = static_cast<UserStatus>(row.integer(5));
    out.created_at = row.time(6);
    return out;
}

Result<std::vector<User>> collect_users(Statement& rows) {
    std::vector<User> out;
    for (;;) {
        WARREN_TRY(row, rows.step());
        if (!row) return out;
        out.push_back(user_of(rows));
    }
}

Session session_in(const Statement& row) {
    return {row.hash(0), row.hash(1), row.id<UserId>(2), row.time(3), row.time(4)};
}

Result<std::optional<Session>> session_of(Statement& rows) {
    WARREN_TRY(row, rows.step());
    if (!row) return std::optional<Session>();
    return std::optional(session_in(rows));
}

Result<std::optional<Session>> session_of_socket(Connection& connection, const TokenHash& hash) {
    auto rows = connection.query(WARREN_SELECT_SESSION "WHERE socket_token_hash = ?", hash);
    return session_of(rows);
}

Result<std::optional<User>> find_user(Connection& connection, UserId id) {
    auto rows = connection.query(WARREN_SELECT_USER "WHERE id = ?", id);
    WARREN_TRY(row, rows.step());
    return row ? std::optional(user_of(rows)) : std::nullopt;
}

Result<void> insert_account(Connection& connection, const Account& account) {
    const auto& user = account.user;
    return connection
        .query(
            "INSERT INTO users (id, name, email, email_key, phone, image, status, created_at, password_hash) "
            "VALUES (?,?,?,?,?,?,?,?,?)",
            user.id, user.name, user.email, canonical_email(user.email), user.phone, user.image, user.status,
            user.created_at, account.password_hash)
        .run();
}

Result<void> insert_session(Connection& connection, const Session& session) {
    WARREN_TRY_VOID(connection
                        .query("DELETE FROM sessions WHERE user = ? AND expires_at <= ?", session.user,
                               session.created_at)
                        .run());
    return connection
        .query(
            "INSERT OR REPLACE INTO sessions (token_hash, socket_token_hash, user, created_at, expires_at) "
            "VALUES (?,?,?,?,?)",
            session.token_hash, session.socket_token_hash, session.user, session.created_at,
            session.expires_at)
        .run();
}

}  // namespace

Task<Result<void>> UserStore::create(Account account, Deadline deadline) {
    const auto bytes = sizeof(Account) + account.user.name.size() + account.user.email.size();
    auto work = [account = std::move(account)](Connection& connection) {
        return insert_account(connection, account);
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<std::vector<User>>> UserStore::users(std::vector<UserId> ids, Deadline deadline) {
    auto query = [ids = std::move(ids)](Connection& connection) -> Result<std::vector<User>> {
        std::vector<User> out;
        for (const auto& id : ids) {
            WARREN_TRY(user, find_user(connection, id));
            if (user) out.push_back(*std::move(user));
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::optional<Account>>> UserStore::by_email(std::string canonical, Deadline deadline) {
    auto query = [canonical =
                      std::move(canonical)](Connection& connection) -> Result<std::optional<Account>> {
        auto rows = connection.query(WARREN_SELECT_USER "WHERE email_key = ?", canonical);
        WARREN_TRY(row, rows.step());
        if (!row) return std::optional<Account>();
        return std::optional(Account{user_of(rows), rows.text(7)});
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<User>>> UserStore::search(std::string text, std::size_t skip, std::size_t limit,
                                                  Deadline deadline) {
    // SQLite's own lower() changes ASCII letters only, and instr() knows no wildcards.
    auto query = [text = std::move(text), skip, limit](Connection& connection) {
        auto rows =
            connection.query(WARREN_SELECT_USER
                             "WHERE status = ?1 AND (phone = ?2 OR instr(lower(name), lower(?2)) > 0) "
                             "ORDER BY name, id LIMIT ?3 OFFSET ?4",
                             UserStatus::active, text, limit, skip);
        return collect_users(rows);
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<User>>> UserStore::list(UserId after, std::size_t limit, Deadline deadline) {
    auto query = [after, limit](Connection& connection) {
        auto rows = connection.query(WARREN_SELECT_USER "WHERE id > ? ORDER BY id LIMIT ?", after, limit);
        return collect_users(rows);
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<void>> UserStore::set_password_hash(UserId user, std::string hash, Deadline deadline) {
    const auto bytes = hash.size();
    auto work = [user, hash = std::move(hash)](Connection& connection) -> Result<void> {
        WARREN_TRY_VOID(
            connection.query("UPDATE users SET password_hash = ? WHERE id = ?", hash, user).run());
        if (connection.rows_changed() == 0) return Error(Errc::not_found);
        return {};
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<void>> UserStore::put_last_seen(std::vector<LastSeen> people, Deadline deadline) {
    const auto bytes = people.size() * sizeof(LastSeen);
    auto work = [people = std::move(people)](Connection& connection) -> Result<void> {
        for (const auto& seen : people) {
            WARREN_TRY_VOID(connection
                                .query("UPDATE users SET last_seen = ?2 WHERE id = ?1 AND last_seen < ?2",
                                       seen.user, seen.at)
                                .run());
        }
        return {};
    };
    return database_.write(deadline, bytes, std::move(work));
}

Task<Result<std::vector<LastSeen>>> UserStore::last_seen(std::vector<UserId> ids, Deadline deadline) {
    auto query = [ids = std::move(ids)](Connection& connection) -> Result<std::vector<LastSeen>> {
        std::vector<LastSeen> out;
        for (const auto& id : ids) {
            auto rows = connection.query("SELECT last_seen FROM users WHERE id = ? AND last_seen > 0", id);
            WARREN_TRY(row, rows.step());
            if (row) out.push_back({id, rows.time(0)});
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<void>> UserStore::set_status(UserId user, UserStatus status, Deadline deadline) {
    auto work = [user, status](Connection& connection) -> Result<void> {
        WARREN_TRY_VOID(connection.query("UPDATE users SET status = ? WHERE id = ?", status, user).run());
        if (connection.rows_changed() == 0) return Error(Errc::not_found);
        return {};
    };
    return database_.write(deadline, sizeof user, std::move(work));
}

Task<Result<void>> UserStore::put_session(Session session, Deadline deadline) {
    auto work = [session](Connection& connection) { return insert_session(connection, session); };
    return database_.write(deadline, sizeof session, std::move(work));
}

Task<Result<std::optional<Session>>> UserStore::session_by_token(TokenHash hash, Deadline deadline) {
    auto query = [hash](Connection& connection) {
        auto rows = connection.query(WARREN_SELECT_SESSION "WHERE token_hash = ?", hash);
        return session_of(rows);
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::optional<Session>>> UserStore::session_by_socket_token(TokenHash hash, Deadline deadline) {
    auto query = [hash](Connection& connection) { return session_of_socket(connection, hash); };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::optional<SignedIn>>> UserStore::signed_in(TokenHash socket_token_hash, Deadline deadline) {
    auto query = [socket_token_hash](Connection& connection) -> Result<std::optional<SignedIn>> {
        std::optional<SignedIn> out;
        WARREN_TRY(session, session_of_socket(connection, socket_token_hash));
        if (!session) return out;
        WARREN_TRY(user, find_user(connection, session->user));
        if (user) out = SignedIn{*session, *std::move(user)};
        return out;
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<void>> UserStore::end_sessions(UserId user, Deadline deadline) {
    auto work = [user](Connection& connection) {
        return connection.query("DELETE FROM sessions WHERE user = ?", user).run();
    };
    return database_.write(deadline, sizeof user, std::move(work));
}

Task<Result<std::vector<Session>>> UserStore::sessions_of(UserId user, Deadline deadline) {
    auto query = [user](Connection& connection) -> Result<std::vector<Session>> {
        auto rows =
            connection.query(WARREN_SELECT_SESSION "WHERE user = ? ORDER BY created_at, token_hash", user);
        std::vector<Session> out;
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) return out;
            out.push_back(session_in(rows));
        }
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<TokenHash>>> UserStore::existing_sessions(std::vector<TokenHash> socket_token_hashes,
                                                                  WallTime now, Deadline deadline) {
    auto query = [hashes = std::move(socket_token_hashes),
                  now](Connection& connection) -> Result<std::vector<TokenHash>> {
        std::vector<TokenHash> out;
        for (const auto& hash : hashes) {
            auto rows = connection.query(
                "SELECT 1 FROM sessions WHERE socket_token_hash = ? AND expires_at > ?", hash, now);
            WARREN_TRY(row, rows.step());
            if (row) out.push_back(hash);
        }
        return out;
    };
    return database_.read(deadline, std::move(query));
}

}  // namespace warren::adapters::sqlite
