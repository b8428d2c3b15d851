#pragma once
#include "adapters/mongo/database.hpp"
#include "ports/user_store.hpp"

namespace warren::adapters::mongo {

/// People and sessions in MongoDB. Token hashes are stored as hex digits. @see docs/storage.md#mongodb
class UserStore final : public warren::UserStore {
public:
    /// `database` outlives this.
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
    Task<Result<void>> end_sessions(UserId user, Deadline deadline) override;
    Task<Result<std::vector<Session>>> sessions_of(UserId user, Deadline deadline) override;
    Task<Result<std::vector<TokenHash>>> existing_sessions(std::vector<TokenHash> socket_token_hashes,
                                                           WallTime now, Deadline deadline) override;

private:
    Database& database_;
};

/// A regular expression that matches texts which contain `text`, ASCII letters of either case alike and
/// nothing else special. Only what PCRE and RE2 read alike.
std::string pattern_of_literal(std::string_view text);

}  // namespace warren::adapters::mongo
