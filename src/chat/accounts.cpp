#include "chat/accounts.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace warren::chat {
namespace {

constexpr int kPhoneAttempts = 8;
constexpr std::size_t kSearchLimitMax = 100;
constexpr std::string_view kSocketPurpose = "socket.io";

Error wrong_sign_in() {
    return {Errc::unauthenticated, "The e-mail address or the password is wrong."};
}

Error no_session() {
    return {Errc::unauthenticated, "Please sign in."};
}

Result<void> check_password(const std::string& password) {
    if (password.size() >= kPasswordBytesMin && password.size() <= kPasswordBytesMax) return {};
    return Error(Errc::invalid, "password must have 8 to 1024 characters.");
}

Result<void> check_person(const std::string& email, const std::string& name, const std::string& password) {
    const auto at = email.find('@');
    const bool has_space = email.find_first_of(" \t\r\n") != std::string::npos;
    if (at == 0 || at == std::string::npos || at + 1 == email.size() || has_space ||
        email.size() > kEmailBytesMax) {
        return Error(Errc::invalid, "email must be an address like ann@example.org.");
    }
    if (count_chars(name) < kUserNameCharsMin || count_chars(name) > kUserNameCharsMax) {
        return Error(Errc::invalid, "name must have 3 to 50 characters.");
    }
    return check_password(password);
}

/// Whether somebody who was let in as `then` still may be as `now`.
bool is_unchanged(const Account& then, const std::optional<Account>& now) {
    return now && now->user.status == UserStatus::active && now->password_hash == then.password_hash;
}

}  // namespace

Task<Result<User>> Accounts::add(std::string email, std::string name, std::string password,
                                 Deadline deadline) {
    WARREN_CO_TRY_VOID(check_person(email, name, password));
    auto looking = env_.users.by_email(canonical_email(email), deadline);
    WARREN_CO_TRY(existing, co_await std::move(looking));
    if (existing) co_return Error(Errc::conflict, "There is already somebody with this e-mail address.");
    auto hashing = secrets_.hash_password(std::move(password));
    WARREN_CO_TRY(hash, co_await std::move(hashing));
    Account account;
    account.password_hash = std::move(hash);
    account.user.id = env_.ids.make<UserId>(env_.clock.wall());
    account.user.name = std::move(name);
    account.user.email = std::move(email);
    account.user.status = UserStatus::active;
    account.user.created_at = env_.clock.wall();
    // Phone numbers are given at random: one that is in use is drawn again.
    for (int attempt = 0; attempt < kPhoneAttempts; ++attempt) {
        account.user.phone = std::to_string(1'000'000'000 + secrets_.random_number() % 9'000'000'000);
        auto creating = env_.users.create(account, deadline);
        auto created = co_await std::move(creating);
        if (created.has_value()) co_return account.user;
        if (created.error() != Errc::taken) co_return created.error();
    }
    co_return Error(Errc::conflict, "There is already somebody with this e-mail address.");
}

Task<Result<SignedIn>> Accounts::sign_in(std::string email, std::string password, Deadline deadline) {
    const auto canonical = canonical_email(email);
    auto looking = env_.users.by_email(canonical, deadline);
    WARREN_CO_TRY(account, co_await std::move(looking));
    auto verifying = secrets_.verify_password(std::move(password), account ? account->password_hash : "");
    WARREN_CO_TRY(right, co_await std::move(verifying));
    if (!right || !account || account->user.status != UserStatus::active) co_return wrong_sign_in();
    SignedIn out;
    out.user = account->user;
    out.token = secrets_.random_token();
    Session session;
    session.token_hash = secrets_.hash_token(out.token);
    session.socket_token_hash = secrets_.hash_token(socket_token_of(out.token));
    session.user = out.user.id;
    session.created_at = env_.clock.wall();
    session.expires_at = out.expires_at = session.created_at + session_lifetime_;
    auto putting = env_.users.put_session(session, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(putting));
    // A suspension or a new password that came in between ended the sessions before this one was there.
    auto looking_again = env_.users.by_email(canonical, deadline);
    WARREN_CO_TRY(now, co_await std::move(looking_again));
    if (is_unchanged(*account, now)) co_return out;
    auto ending = env_.users.end_sessions(out.user.id, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(ending));
    co_return wrong_sign_in();
}

Task<Result<User>> Accounts::owner_of(std::optional<Session> session, Deadline deadline) {
    if (!session || session->expires_at <= env_.clock.wall()) co_return no_session();
    auto reading = env_.users.users({session->user}, deadline);
    WARREN_CO_TRY(users, co_await std::move(reading));
    if (users.empty() || users.front().status != UserStatus::active) co_return no_session();
    co_return std::move(users.front());
}

Task<Result<User>> Accounts::who_is(std::string token, Deadline deadline) {
    auto looking = env_.users.session_by_token(secrets_.hash_token(token), deadline);
    WARREN_CO_TRY(session, co_await std::move(looking));
    auto finding = owner_of(std::move(session), deadline);
    co_return co_await std::move(finding);
}

Task<Result<Identity>> Accounts::who_connects(std::string socket_token, Deadline deadline) {
    const auto hash = secrets_.hash_token(socket_token);
    auto looking = env_.users.signed_in(hash, deadline);
    WARREN_CO_TRY(found, co_await std::move(looking));
    if (!found || found->session.expires_at <= env_.clock.wall()) co_return no_session();
    if (found->user.status != UserStatus::active) co_return no_session();
    co_return Identity{std::move(found->user), hash};
}

std::string Accounts::socket_token_of(std::string_view token) const {
    return secrets_.derive_token(token, kSocketPurpose);
}

Task<Result<void>> Accounts::end_sessions(UserId user, Deadline deadline) {
    return env_.users.end_sessions(user, deadline);
}

Task<Result<std::vector<TokenHash>>> Accounts::standing(std::vector<SessionKey> sessions, Deadline deadline) {
    std::vector<TokenHash> hashes;
    std::vector<UserId> owners;
    for (const auto& session : sessions) {
        hashes.push_back(session.socket_token_hash);
        owners.push_back(session.user);
    }
    auto asking = env_.users.existing_sessions(std::move(hashes), env_.clock.wall(), deadline);
    WARREN_CO_TRY(existing, co_await std::move(asking));
    std::sort(existing.begin(), existing.end());
    auto reading = env_.users.users(std::move(owners), deadline);
    WARREN_CO_TRY(users, co_await std::move(reading));
    std::vector<UserId> active;
    for (const auto& user : users) {
        if (user.status == UserStatus::active) active.push_back(user.id);
    }
    std::sort(active.begin(), active.end());
    std::vector<TokenHash> out;
    for (const auto& session : sessions) {
        if (std::binary_search(existing.begin(), existing.end(), session.socket_token_hash) &&
            std::binary_search(active.begin(), active.end(), session.user)) {
            out.push_back(session.socket_token_hash);
        }
    }
    co_return out;
}

Task<Result<User>> Accounts::find(std::string who, Deadline deadline) {
    if (const auto id = UserId::parse(who)) {
        auto reading = env_.users.users({*id}, deadline);
        WARREN_CO_TRY(users, co_await std::move(reading));
        if (!users.empty()) co_return std::move(users.front());
    } else {
        auto looking = env_.users.by_email(canonical_email(who), deadline);
        WARREN_CO_TRY(account, co_await std::move(looking));
        if (account) co_return std::move(account->user);
    }
    co_return Error(Errc::not_found, "There is nobody with this e-mail address or id.");
}

// The status comes first: who signs in after it is refused, and who signed in before it has a session to end.
Task<Result<User>> Accounts::suspend(std::string who, Deadline deadline) {
    auto finding = find(std::move(who), deadline);
    WARREN_CO_TRY(user, co_await std::move(finding));
    user.status = UserStatus::suspended;
    auto setting = env_.users.set_status(user.id, user.status, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(setting));
    auto ending = env_.users.end_sessions(user.id, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(ending));
    co_return user;
}

Task<Result<User>> Accounts::restore(std::string who, Deadline deadline) {
    auto finding = find(std::move(who), deadline);
    WARREN_CO_TRY(user, co_await std::move(finding));
    if (user.status == UserStatus::active) co_return user;
    if (user.status != UserStatus::suspended) {
        co_return Error(Errc::conflict, "This account was not suspended: it has not become active yet.");
    }
    user.status = UserStatus::active;
    auto setting = env_.users.set_status(user.id, user.status, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(setting));
    co_return user;
}

Task<Result<User>> Accounts::set_password(std::string who, std::string password, Deadline deadline) {
    auto finding = find(std::move(who), deadline);
    WARREN_CO_TRY(user, co_await std::move(finding));
    WARREN_CO_TRY_VOID(check_password(password));
    auto hashing = secrets_.hash_password(std::move(password));
    WARREN_CO_TRY(hash, co_await std::move(hashing));
    auto setting = env_.users.set_password_hash(user.id, std::move(hash), deadline);
    WARREN_CO_TRY_VOID(co_await std::move(setting));
    auto ending = env_.users.end_sessions(user.id, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(ending));
    co_return user;
}

Task<Result<UserSessions>> Accounts::sessions(std::string who, Deadline deadline) {
    auto finding = find(std::move(who), deadline);
    WARREN_CO_TRY(user, co_await std::move(finding));
    auto listing = env_.users.sessions_of(user.id, deadline);
    WARREN_CO_TRY(sessions, co_await std::move(listing));
    std::erase_if(sessions, [now = env_.clock.wall()](const auto& each) { return each.expires_at <= now; });
    co_return UserSessions{std::move(user), std::move(sessions)};
}

Task<Result<std::vector<User>>> Accounts::search(std::string text, std::size_t page, std::size_t limit,
                                                 Deadline deadline) {
    if (text.empty()) co_return Error(Errc::invalid, "query must be a phone number or a part of a name.");
    if (page == 0) co_return Error(Errc::invalid, "page must be 1 or greater.");
    const auto capped = std::clamp<std::size_t>(limit, 1, kSearchLimitMax);
    auto searching = env_.users.search(std::move(text), (page - 1) * capped, capped, deadline);
    co_return co_await std::move(searching);
}

Task<Result<std::vector<User>>> Accounts::list(UserId after, std::size_t limit, Deadline deadline) {
    return env_.users.list(after, limit, deadline);
}

}  // namespace warren::chat
