#pragma once
#include "ports/user_store.hpp"

namespace warren::testing {

/// Where people are not what is tested: whatever is not overridden is `unavailable`.
class RefusingUserStore : public UserStore {
public:
    Task<Result<std::vector<User>>> users(std::vector<UserId>, Deadline) override {
        return refuse<std::vector<User>>();
    }
    Task<Result<void>> put_last_seen(std::vector<LastSeen>, Deadline) override { return refuse<void>(); }
    Task<Result<std::vector<LastSeen>>> last_seen(std::vector<UserId>, Deadline) override {
        return refuse<std::vector<LastSeen>>();
    }
    Task<Result<void>> create(Account, Deadline) override { return refuse<void>(); }
    Task<Result<std::optional<Account>>> by_email(std::string, Deadline) override {
        return refuse<std::optional<Account>>();
    }
    Task<Result<std::vector<User>>> search(std::string, std::size_t, std::size_t, Deadline) override {
        return refuse<std::vector<User>>();
    }
    Task<Result<std::vector<User>>> list(UserId, std::size_t, Deadline) override {
        return refuse<std::vector<User>>();
    }
    Task<Result<void>> set_password_hash(UserId, std::string, Deadline) override { return refuse<void>(); }
    Task<Result<void>> set_status(UserId, UserStatus, Deadline) override { return refuse<void>(); }
    Task<Result<void>> put_session(Session, Deadline) override { return refuse<void>(); }
    Task<Result<std::vector<Session>>> sessions_of(UserId, Deadline) override {
        return refuse<std::vector<Session>>();
    }
    Task<Result<std::optional<Session>>> session_by_token(TokenHash, Deadline) override {
        return refuse<std::optional<Session>>();
    }
    Task<Result<std::optional<Session>>> session_by_socket_token(TokenHash, Deadline) override {
        return refuse<std::optional<Session>>();
    }
    Task<Result<void>> end_sessions(UserId, Deadline) override { return refuse<void>(); }
    Task<Result<std::vector<TokenHash>>> existing_sessions(std::vector<TokenHash>, WallTime,
                                                           Deadline) override {
        return refuse<std::vector<TokenHash>>();
    }

private:
    template <class T>
    static Task<Result<T>> refuse() {
        co_return Error(Errc::unavailable);
    }
};

}  // namespace warren::testing
