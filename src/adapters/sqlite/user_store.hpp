#pragma once
#include "adapters/sqlite/database.hpp"
#include "ports/user_store.hpp"

namespace warren::adapters::sqlite {

/// Tables `users` and `sessions`. A new session removes those of the same person that had expired when it
/// began, so that they do not pile up. `database` outlives it and its calls. @see docs/storage.md#people
class UserStore final : public warren::UserStore {
public:
    explicit UserStore(Database& database) : database_(database) {}

    Task<Result<void>> create(Account account, Deadline deadline) override;
    Task<Result<std::vector<User>>> users(std::vector<UserId> ids, Deadline deadline) override;
    Task<Result<std::optional<Account>>> by_email(std::string canonical, Deadline deadline) override;
    Task<Result<std::vector<User>>> search(std::string text, std::size_t skip, std::size_t limit,
                                           Deadline deadline) override;
    Task<Result<std::vector<User>>> list(UserId after, std::size_t limit, Deadline deadline) override;
    Task<Result<void>> set_password_hash(UserId user, std::string hash, Deadline deadline) override;
    Task<Result<void>> put_last_seen(std::vector<LastSeen> people, Deadline deadline) override;
    Task<Result<std::vector<LastSeen>>> last_seen(std::vector<UserId> ids, Deadline deadline) override;
    Task<Result<void>> set_status(UserId user, UserStatus status, Deadline deadline) override;
    Task<Result<void>> put_session(Session session, Deadline deadline) override;
    Task<Result<std::optional<Session>>> session_by_token(TokenHash hash, Deadline deadline) override;
    Task<Result<std::optional<Session>>> session_by_socket_token(TokenHash hash, Deadline deadline) override;
    Task<Result<std::optional<SignedIn>>> signed_in(TokenHash socket_token_hash, Deadline deadline) override;
    Task<Result<void>> end_sessions(UserId user, Deadline deadline) override;
    Task<Result<std::vector<Session>>> sessions_of(UserId user, Deadline deadline) override;
    Task<Result<std::vector<TokenHash>>> existing_sessions(std::vector<TokenHash> socket_token_hashes,
                                                           WallTime now, Deadline deadline) override;

private:
    Database& database_;
};

}  // namespace warren::adapters::sqlite
