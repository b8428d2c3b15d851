#include "adapters/mongo/user_store.hpp"

#include "adapters/mongo/schema.hpp"
#include "adapters/mongo/user_document.hpp"

namespace warren::adapters::mongo {
namespace {

Result<std::vector<User>> find_users(Call& call, const Document& filter, const FindOptions& options) {
    std::vector<User> out;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        WARREN_TRY(account, account_of(found));
        out.push_back(std::move(account.user));
        return {};
    };
    WARREN_TRY_VOID(call.find(kUsers, filter, options, each));
    return out;
}

Result<std::optional<Session>> find_session(Call& call, const char* key, const TokenHash& hash) {
    std::optional<Session> out;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        WARREN_TRY(session, session_of(found));
        out = session;
        return {};
    };
    Document filter;
    filter.add(key, hex_of(hash));
    WARREN_TRY_VOID(call.find(kSessions, filter, {}, each));
    return out;
}

Result<void> set_fields(Call& call, UserId user, const Document& set) {
    std::vector<Update> updates(1);
    updates.front().filter.add("_id", user);
    updates.front().change.add("$set", set);
    WARREN_TRY(found, call.update(kUsers, updates));
    if (found == 0) return Error(Errc::not_found);
    return {};
}

Document expired(UserId user, WallTime now) {
    Document until;
    until.add("$lte", now);
    Document out;
    out.add("userId", user).add("expiresAt", until);
    return out;
}

Document searching(const std::string& text) {
    Document phone;
    phone.add("phone", text);
    Document name;
    name.add_regex("name", pattern_of_literal(text));
    List any;
    any.add(phone).add(name);
    Document out;
    out.add("status", static_cast<std::int32_t>(UserStatus::active)).add("$or", any);
    return out;
}

}  // namespace

std::string pattern_of_literal(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        if (lower >= 'a' && lower <= 'z') {
            out += {'[', lower, static_cast<char>(lower - 32), ']'};
        } else if (static_cast<unsigned char>(c) > 32 && static_cast<unsigned char>(c) < 127 &&
                   !(c >= '0' && c <= '9')) {
            out += {'\\', c};
        } else {
            out += c;
        }
    }
    return out;
}

Task<Result<void>> UserStore::create(Account account, Deadline deadline) {
    auto ask = [account = std::move(account)](Call& call) {
        std::vector<Document> documents;
        documents.push_back(document_of(account));
        return call.insert(kUsers, documents);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<User>>> UserStore::users(std::vector<UserId> ids, Deadline deadline) {
    auto ask = [ids = std::move(ids)](Call& call) -> Result<std::vector<User>> {
        if (ids.empty()) return std::vector<User>{};
        return find_users(call, any_of("_id", ids), {});
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::optional<Account>>> UserStore::by_email(std::string canonical, Deadline deadline) {
    auto ask = [canonical = std::move(canonical)](Call& call) -> Result<std::optional<Account>> {
        std::optional<Account> out;
        const auto each = [&out](const bson_t& found) -> Result<void> {
            WARREN_TRY(account, account_of(found));
            out = std::move(account);
            return {};
        };
        Document filter;
        filter.add("emailCanonical", canonical);
        WARREN_TRY_VOID(call.find(kUsers, filter, {}, each));
        return out;
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<User>>> UserStore::search(std::string text, std::size_t skip, std::size_t limit,
                                                  Deadline deadline) {
    auto ask = [text = std::move(text), skip, limit](Call& call) -> Result<std::vector<User>> {
        // A pattern ends at a NUL, and would match what comes before it; no name has one.
        if (limit == 0 || text.find('\0') != std::string::npos) return std::vector<User>{};
        FindOptions options;
        options.sort.add("name", 1).add("_id", 1);
        options.skip = skip;
        options.limit = limit;
        return find_users(call, searching(text), options);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<User>>> UserStore::list(UserId after, std::size_t limit, Deadline deadline) {
    auto ask = [after, limit](Call& call) -> Result<std::vector<User>> {
        if (limit == 0) return std::vector<User>{};
        const PageById page(after, limit);
        return find_users(call, page.filter, page.options);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> UserStore::set_password_hash(UserId user, std::string hash, Deadline deadline) {
    auto ask = [user, hash = std::move(hash)](Call& call) {
        Document set;
        set.add("passwordHash", hash);
        return set_fields(call, user, set);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> UserStore::set_status(UserId user, UserStatus status, Deadline deadline) {
    auto ask = [user, status](Call& call) {
        Document set;
        set.add("status", static_cast<std::int32_t>(status));
        return set_fields(call, user, set);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> UserStore::put_last_seen(std::vector<LastSeen> people, Deadline deadline) {
    auto ask = [people = std::move(people)](Call& call) -> Result<void> {
        if (people.empty()) return {};
        std::vector<Update> updates(people.size());
        for (std::size_t i = 0; i < people.size(); ++i) {
            Document at;
            at.add("lastSeen", people[i].at);
            updates[i].filter.add("_id", people[i].user);
            updates[i].change.add("$max", at);
        }
        WARREN_TRY_VOID(call.update(kUsers, updates));
        return {};
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<LastSeen>>> UserStore::last_seen(std::vector<UserId> ids, Deadline deadline) {
    auto ask = [ids = std::move(ids)](Call& call) -> Result<std::vector<LastSeen>> {
        std::vector<LastSeen> out;
        if (ids.empty()) return out;
        const auto each = [&out](const bson_t& found) -> Result<void> {
            Fields in(found);
            if (in.has("lastSeen")) out.push_back({in.id<UserId>("_id"), in.time("lastSeen")});
            return {};
        };
        FindOptions options;
        options.projection.add("lastSeen", 1);
        WARREN_TRY_VOID(call.find(kUsers, any_of("_id", ids), options, each));
        return out;
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> UserStore::put_session(Session session, Deadline deadline) {
    auto ask = [session](Call& call) -> Result<void> {
        std::vector<Document> documents;
        documents.push_back(document_of(session));
        // Tokens are random, so a session that is there already is this one, from an attempt that was not
        // heard of.
        WARREN_TRY_VOID(call.insert_missing(kSessions, documents));
        return call.remove(kSessions, expired(session.user, session.created_at));
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::optional<Session>>> UserStore::session_by_token(TokenHash hash, Deadline deadline) {
    auto ask = [hash](Call& call) { return find_session(call, "_id", hash); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::optional<Session>>> UserStore::session_by_socket_token(TokenHash hash, Deadline deadline) {
    auto ask = [hash](Call& call) { return find_session(call, "socketTokenHash", hash); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> UserStore::end_sessions(UserId user, Deadline deadline) {
    auto ask = [user](Call& call) {
        Document filter;
        filter.add("userId", user);
        return call.remove(kSessions, filter);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<Session>>> UserStore::sessions_of(UserId user, Deadline deadline) {
    auto ask = [user](Call& call) -> Result<std::vector<Session>> {
        std::vector<Session> out;
        const auto each = [&out](const bson_t& found) -> Result<void> {
            WARREN_TRY(session, session_of(found));
            out.push_back(session);
            return {};
        };
        Document filter;
        filter.add("userId", user);
        FindOptions options;
        options.sort.add("createdAt", 1).add("_id", 1);
        WARREN_TRY_VOID(call.find(kSessions, filter, options, each));
        return out;
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<TokenHash>>> UserStore::existing_sessions(std::vector<TokenHash> hashes, WallTime now,
                                                                  Deadline deadline) {
    auto ask = [hashes = std::move(hashes), now](Call& call) -> Result<std::vector<TokenHash>> {
        std::vector<TokenHash> out;
        if (hashes.empty()) return out;
        std::vector<std::string> wanted;
        for (const auto& hash : hashes)
            wanted.push_back(hex_of(hash));
        const auto each = [&out](const bson_t& found) -> Result<void> {
            if (const auto hash = hash_of(Fields(found).text("socketTokenHash"))) out.push_back(*hash);
            return {};
        };
        FindOptions options;
        options.projection.add("socketTokenHash", 1);
        auto filter = any_of("socketTokenHash", wanted);
        Document later;
        later.add("$gt", now);
        filter.add("expiresAt", later);
        WARREN_TRY_VOID(call.find(kSessions, filter, options, each));
        return out;
    };
    return database_.run(deadline, std::move(ask));
}

}  // namespace warren::adapters::mongo
