#include "chat/accounts.hpp"

#include <algorithm>

#include "chat/text.hpp"

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
    if (password.size() < kPasswordBytesMin || password.size() > kPasswordBytesMax) {
        return Error(Errc::invalid, "password must have 8 to 1024 characters.");
    }
    return {};
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
    auto looking = env_.users.by_email(canonical_email(email), deadline);
    WARREN_CO_TRY(account, co_await std::move(looking));
    auto verifying = secrets_.verify_password(std::move(password), account ? account->password_hash : "");
    WARREN_CO_TRY(right, co_await std::move(verifying));
    if (!right || !account || account->user.status != UserStatus::active) co_return wrong_sign_in();
    SignedIn out;
    out.user = std::move(account->user);
    out.token = secrets_.random_token();
    Session session;
    session.token_hash = secrets_.hash_token(out.token);
    session.socket_token_hash = secrets_.hash_token(socket_token_of(out.token));
    session.user = out.user.id;
    session.created_at = env_.clock.wall();
    session.expires_at = out.expires_at = session.created_at + session_lifetime_;
    auto putting = env_.users.put_session(session, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(putting));
    co_return out;
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
    auto looking = env_.users.session_by_socket_token(hash, deadline);
    WARREN_CO_TRY(session, co_await std::move(looking));
    auto finding = owner_of(std::move(session), deadline);
    WARREN_CO_TRY(user, co_await std::move(finding));
    co_return Identity{std::move(user), hash};
}

std::string Accounts::socket_token_of(std::string_view token) const {
    return secrets_.derive_token(token, kSocketPurpose);
}

Task<Result<void>> Accounts::end_sessions(UserId user, Deadline deadline) {
    return env_.users.end_sessions(user, deadline);
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
