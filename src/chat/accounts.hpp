#pragma once
#include <optional>
#include <string>
#include <vector>

#include "chat/environment.hpp"

namespace warren::chat {

/// What a fresh sign-in gives its holder. Neither token is stored anywhere.
struct SignedIn {
    User user;
    std::string token;  ///< For the cookie, or `Authorization: Bearer`.
    WallTime expires_at{};
};

/// Who somebody is who showed a token.
struct Identity {
    User user;
    TokenHash socket_token_hash{};  ///< Names the session, for later checks that it exists still.
};

/// A connection's session and whose it is.
struct SessionKey {
    TokenHash socket_token_hash{};
    UserId user;
};

/// Somebody and the sessions of theirs that have not expired.
struct UserSessions {
    User user;
    std::vector<Session> sessions;
};

/// People, passwords and sessions. Thread-safe: holds nothing but references, callable from any executor.
/// Errors beyond those named: unavailable, timed_out, overloaded.
class Accounts {
public:
    Accounts(Environment& env, Secrets& secrets, std::chrono::seconds session_lifetime)
        : env_(env), secrets_(secrets), session_lifetime_(session_lifetime) {}

    /// Makes an active person with a random unique phone number. @errors invalid (name, e-mail or password,
    /// saying what to mend), conflict (e-mail in use)
    Task<Result<User>> add(std::string email, std::string name, std::string password, Deadline deadline);
    /// @errors unauthenticated (unknown, inactive, suspended or wrong: which is not told, and takes as long)
    Task<Result<SignedIn>> sign_in(std::string email, std::string password, Deadline deadline);
    /// @errors unauthenticated
    Task<Result<User>> who_is(std::string token, Deadline deadline);
    /// The person whose Socket.IO token this is. @errors unauthenticated
    Task<Result<Identity>> who_connects(std::string socket_token, Deadline deadline);
    /// The Socket.IO token that belongs to a session token: the same for the life of the session.
    std::string socket_token_of(std::string_view token) const;
    /// Ends every session of `user` in the store. Connections are ended by Delivery::sign_out.
    Task<Result<void>> end_sessions(UserId user, Deadline deadline);
    /// Of `sessions`, those that have not ended or expired and whose owner is active.
    Task<Result<std::vector<TokenHash>>> standing(std::vector<SessionKey> sessions, Deadline deadline);

    // What operators do. `who` is an e-mail address or an id; not_found where it is nobody's. Whatever says
    // that it ends sessions ends them in the store; connections are ended by Delivery::sign_out.

    /// Ends every session; nobody can sign in to the account until it is restored. May be repeated.
    Task<Result<User>> suspend(std::string who, Deadline deadline);
    /// They may sign in again. @errors conflict (never became active)
    Task<Result<User>> restore(std::string who, Deadline deadline);
    /// Ends every session. @errors invalid (the password)
    Task<Result<User>> set_password(std::string who, std::string password, Deadline deadline);
    Task<Result<UserSessions>> sessions(std::string who, Deadline deadline);

    Task<Result<std::vector<User>>> search(std::string text, std::size_t page, std::size_t limit,
                                           Deadline deadline);
    Task<Result<std::vector<User>>> list(UserId after, std::size_t limit, Deadline deadline);

private:
    Task<Result<User>> find(std::string who, Deadline deadline);
    Task<Result<User>> owner_of(std::optional<Session> session, Deadline deadline);

    Environment& env_;
    Secrets& secrets_;
    std::chrono::seconds session_lifetime_;
};

}  // namespace warren::chat
