#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "model/user.hpp"

namespace warren {

/// A session and whose it is.
struct SignedIn {
    Session session;
    User user;
};

/// People and their sessions. Thread-safe. Writes are durable on return. Every call may fail with
/// `unavailable`, `timed_out` or `overloaded`. Contract: tests/contract/user_store_contract.hpp
class UserStore {
public:
    virtual ~UserStore() = default;

    /// @errors taken (the id, the e-mail address in its canonical form, or the phone number is in use)
    virtual Task<Result<void>> create(Account account, Deadline deadline) = 0;

    /// The people that exist among `ids`, in any order.
    virtual Task<Result<std::vector<User>>> users(std::vector<UserId> ids, Deadline deadline) = 0;

    /// By e-mail address in its canonical form; nothing if there is none.
    virtual Task<Result<std::optional<Account>>> by_email(std::string canonical, Deadline deadline) = 0;

    /// Active people whose phone number is `text`, or whose name contains it (a literal, ASCII letters of
    /// either case alike), by name then id, `skip` skipped, at most `limit`.
    virtual Task<Result<std::vector<User>>> search(std::string text, std::size_t skip, std::size_t limit,
                                                   Deadline deadline) = 0;

    /// Everybody, by id ascending, after `after`, at most `limit`.
    virtual Task<Result<std::vector<User>>> list(UserId after, std::size_t limit, Deadline deadline) = 0;

    /// @errors not_found
    virtual Task<Result<void>> set_password_hash(UserId user, std::string hash, Deadline deadline) = 0;

    /// Raises when each of `people` was seen last; a later time that is stored stays. Ignores who does not
    /// exist. At most 1000.
    virtual Task<Result<void>> put_last_seen(std::vector<LastSeen> people, Deadline deadline) = 0;
    /// Of those among `ids` who were ever seen, in any order.
    virtual Task<Result<std::vector<LastSeen>>> last_seen(std::vector<UserId> ids, Deadline deadline) = 0;

    /// @errors not_found
    virtual Task<Result<void>> set_status(UserId user, UserStatus status, Deadline deadline) = 0;

    virtual Task<Result<void>> put_session(Session session, Deadline deadline) = 0;
    /// Nothing if there is none; the caller checks `expires_at`.
    virtual Task<Result<std::optional<Session>>> session_by_token(TokenHash hash, Deadline deadline) = 0;
    virtual Task<Result<std::optional<Session>>> session_by_socket_token(TokenHash hash,
                                                                         Deadline deadline) = 0;
    /// The session of a socket token and its person; nothing where either is missing. Here made of the calls
    /// that it takes where a database does not answer both at once.
    virtual Task<Result<std::optional<SignedIn>>> signed_in(TokenHash socket_token_hash, Deadline deadline);
    /// Ends every session of `user`: none of them is found afterwards.
    virtual Task<Result<void>> end_sessions(UserId user, Deadline deadline) = 0;
    /// Every session of `user`, by when it began; the caller checks `expires_at`.
    virtual Task<Result<std::vector<Session>>> sessions_of(UserId user, Deadline deadline) = 0;
    /// Of `socket_token_hashes`, those whose session exists still and expires after `now`, in any order.
    virtual Task<Result<std::vector<TokenHash>>> existing_sessions(std::vector<TokenHash> socket_token_hashes,
                                                                   WallTime now, Deadline deadline) = 0;
};

}  // namespace warren
