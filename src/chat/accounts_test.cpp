#include "chat/accounts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "chat/surroundings_test.hpp"
#include "tests/support/run_task.hpp"

namespace warren::chat {
namespace {

using testing::run_task;

/// People and sessions in memory; everything else that chat may need is not asked for here.
class People final : public UserStore {
public:
    Task<Result<void>> create(Account account, Deadline) override {
        ++creates;
        if (phone_conflicts > 0) {
            --phone_conflicts;
            co_return Error(Errc::taken);
        }
        accounts.push_back(std::move(account));
        co_return Result<void>();
    }
    Task<Result<std::vector<User>>> users(std::vector<UserId> ids, Deadline) override {
        std::vector<User> out;
        for (const auto& account : accounts) {
            if (std::find(ids.begin(), ids.end(), account.user.id) != ids.end()) out.push_back(account.user);
        }
        co_return out;
    }
    Task<Result<std::optional<Account>>> by_email(std::string canonical, Deadline) override {
        for (const auto& account : accounts) {
            if (canonical_email(account.user.email) == canonical) co_return std::optional(account);
        }
        co_return std::optional<Account>();
    }
    Task<Result<std::vector<User>>> search(std::string text, std::size_t skip, std::size_t limit,
                                           Deadline) override {
        searched = {text, skip, limit};
        co_return std::vector<User>();
    }
    Task<Result<std::vector<User>>> list(UserId, std::size_t, Deadline) override {
        co_return std::vector<User>();
    }
    Task<Result<void>> put_last_seen(std::vector<LastSeen>, Deadline) override { co_return Result<void>(); }
    Task<Result<std::vector<LastSeen>>> last_seen(std::vector<UserId>, Deadline) override {
        co_return std::vector<LastSeen>();
    }
    Task<Result<void>> set_password_hash(UserId user, std::string hash, Deadline) override {
        account_of(user).password_hash = std::move(hash);
        co_return Result<void>();
    }
    Task<Result<void>> set_status(UserId user, UserStatus status, Deadline) override {
        account_of(user).user.status = status;
        co_return Result<void>();
    }
    Task<Result<void>> put_session(Session session, Deadline) override {
        sessions.push_back(session);
        if (when_signed_in) when_signed_in();
        co_return Result<void>();
    }
    Task<Result<std::vector<Session>>> sessions_of(UserId user, Deadline) override {
        auto out = sessions;
        std::erase_if(out, [user](const Session& session) { return session.user != user; });
        co_return out;
    }
    Task<Result<std::optional<Session>>> session_by_token(TokenHash hash, Deadline) override {
        for (const auto& session : sessions) {
            if (session.token_hash == hash) co_return std::optional(session);
        }
        co_return std::optional<Session>();
    }
    Task<Result<std::optional<Session>>> session_by_socket_token(TokenHash hash, Deadline) override {
        for (const auto& session : sessions) {
            if (session.socket_token_hash == hash) co_return std::optional(session);
        }
        co_return std::optional<Session>();
    }
    Task<Result<void>> end_sessions(UserId user, Deadline) override {
        std::erase_if(sessions, [user](const Session& session) { return session.user == user; });
        co_return Result<void>();
    }
    Task<Result<std::vector<TokenHash>>> existing_sessions(std::vector<TokenHash> hashes, WallTime now,
                                                           Deadline) override {
        std::erase_if(hashes, [&](const TokenHash& hash) {
            return std::none_of(sessions.begin(), sessions.end(), [&](const Session& session) {
                return session.socket_token_hash == hash && session.expires_at > now;
            });
        });
        co_return hashes;
    }
    Account& account_of(UserId user) {
        return *std::find_if(accounts.begin(), accounts.end(),
                             [user](const Account& account) { return account.user.id == user; });
    }

    std::vector<Account> accounts;
    std::vector<Session> sessions;
    std::tuple<std::string, std::size_t, std::size_t> searched;
    std::function<void()> when_signed_in;
    int creates = 0;
    int phone_conflicts = 0;
};

/// Secrets that a test can read.
class OpenSecrets final : public Secrets {
public:
    Task<Result<std::string>> hash_password(std::string password) override {
        co_return "hash of " + password;
    }
    Task<Result<bool>> verify_password(std::string password, std::string hash) override {
        ++verified;
        co_return hash == "hash of " + password;
    }
    std::string random_token() override { return "token " + std::to_string(++tokens_); }
    std::uint64_t random_number() override { return ++numbers_; }
    TokenHash hash_token(std::string_view token) override {
        TokenHash out{};
        std::copy_n(token.begin(), std::min(token.size(), out.size()), out.begin());
        return out;
    }
    std::string derive_token(std::string_view token, std::string_view purpose) override {
        return std::string(purpose) + " of " + std::string(token);
    }
    int verified = 0;

private:
    int tokens_ = 0;
    std::uint64_t numbers_ = 0;
};

class AccountsTest : public ::testing::Test, protected Surroundings {
protected:
    static Deadline soon() { return {SteadyTime(std::chrono::seconds(10))}; }
    Result<User> add(std::string email, std::string name = "Ann Other",
                     std::string password = "long enough") {
        return run_task(accounts.add(std::move(email), std::move(name), std::move(password), soon()));
    }
    Result<SignedIn> sign_in(std::string email, std::string password = "long enough") {
        return run_task(accounts.sign_in(std::move(email), std::move(password), soon()));
    }
    template <class T>
    static void expect_error(const Result<T>& result, Errc code) {
        ASSERT_TRUE(result.has_error());
        EXPECT_EQ(result.error(), code);
    }

    People people;
    OpenSecrets secrets;
    Environment env = with(people);
    Accounts accounts{env, secrets, std::chrono::hours(1)};
};

TEST_F(AccountsTest, AddsAnActivePersonWithATenDigitPhoneNumber) {
    const auto user = add("Ann@Example.org").value();
    EXPECT_EQ(user.status, UserStatus::active);
    EXPECT_EQ(user.phone.size(), 10u);
    EXPECT_EQ(people.accounts.front().password_hash, "hash of long enough");
}

TEST_F(AccountsTest, SaysWhatToMend) {
    expect_error(add("no address"), Errc::invalid);
    expect_error(add("@example.org"), Errc::invalid);
    expect_error(add("ann@"), Errc::invalid);
    expect_error(add("ann@example.org\n"), Errc::invalid);
    expect_error(add(std::string(255, 'a') + "@b"), Errc::invalid);
    expect_error(add("ann@example.org", "An"), Errc::invalid);
    expect_error(add("ann@example.org", std::string(51, 'a')), Errc::invalid);
    expect_error(add("ann@example.org", "Ann", "seven77"), Errc::invalid);
    EXPECT_TRUE(add("ann@example.org", "\xC3\x84\xC3\x96\xC3\x9C", "eight888"))
        << "three characters, six bytes";
}

TEST_F(AccountsTest, OneAddressIsOnePersonWhateverItsCase) {
    ASSERT_TRUE(add("ann@example.org"));
    expect_error(add("ANN@example.org"), Errc::conflict);
}

TEST_F(AccountsTest, APhoneNumberInUseIsDrawnAgain) {
    people.phone_conflicts = 3;
    EXPECT_TRUE(add("ann@example.org"));
    EXPECT_EQ(people.creates, 4);
}

TEST_F(AccountsTest, EveryRefusedSignInLooksTheSameAndTakesAsLong) {
    ASSERT_TRUE(add("ann@example.org"));
    const auto wrong = sign_in("ann@example.org", "another one");
    const auto unknown = sign_in("bob@example.org");
    people.accounts.front().user.status = UserStatus::suspended;
    const auto suspended = sign_in("ann@example.org");
    for (const auto& refused : {wrong, unknown, suspended}) {
        expect_error(refused, Errc::unauthenticated);
        EXPECT_EQ(refused.error().message, wrong.error().message);
    }
    EXPECT_EQ(secrets.verified, 3) << "a password is hashed for those who do not exist too";
    EXPECT_TRUE(people.sessions.empty());
}

TEST_F(AccountsTest, BothTokensNameTheirHolderUntilTheSessionEnds) {
    const auto user = add("ann@example.org").value();
    const auto in = sign_in("ANN@example.org").value();
    const auto socket_token = accounts.socket_token_of(in.token);
    EXPECT_EQ(run_task(accounts.who_is(in.token, soon())).value().id, user.id);
    EXPECT_EQ(run_task(accounts.who_connects(socket_token, soon())).value().user.id, user.id);
    expect_error(run_task(accounts.who_is(socket_token, soon())), Errc::unauthenticated);
    expect_error(run_task(accounts.who_connects(in.token, soon())), Errc::unauthenticated);

    ASSERT_TRUE(run_task(accounts.end_sessions(user.id, soon())));
    expect_error(run_task(accounts.who_is(in.token, soon())), Errc::unauthenticated);
    expect_error(run_task(accounts.who_connects(socket_token, soon())), Errc::unauthenticated);
}

TEST_F(AccountsTest, ASessionExpiresAndASuspendedPersonHasNone) {
    ASSERT_TRUE(add("ann@example.org"));
    const auto in = sign_in("ann@example.org").value();
    people.accounts.front().user.status = UserStatus::suspended;
    expect_error(run_task(accounts.who_is(in.token, soon())), Errc::unauthenticated);
    people.accounts.front().user.status = UserStatus::active;
    EXPECT_TRUE(run_task(accounts.who_is(in.token, soon())));
    clock.wall_now = in.expires_at;
    expect_error(run_task(accounts.who_is(in.token, soon())), Errc::unauthenticated);
}

TEST_F(AccountsTest, SuspensionEndsSessionsAndRestoringGivesBackTheAccountOnly) {
    const auto ann = add("ann@example.org").value();
    const auto in = sign_in("ann@example.org").value();
    EXPECT_EQ(run_task(accounts.suspend("ANN@example.org", soon())).value().status, UserStatus::suspended);
    EXPECT_TRUE(people.sessions.empty());
    expect_error(run_task(accounts.who_is(in.token, soon())), Errc::unauthenticated);
    expect_error(sign_in("ann@example.org"), Errc::unauthenticated);
    EXPECT_TRUE(run_task(accounts.suspend(ann.id.hex(), soon()))) << "once more, by id";

    EXPECT_EQ(run_task(accounts.restore(ann.id.hex(), soon())).value().status, UserStatus::active);
    expect_error(run_task(accounts.who_is(in.token, soon())), Errc::unauthenticated);
    EXPECT_TRUE(sign_in("ann@example.org"));
    EXPECT_TRUE(run_task(accounts.restore("ann@example.org", soon()))) << "nothing to do";
    people.accounts.front().user.status = UserStatus::inactive;
    expect_error(run_task(accounts.restore("ann@example.org", soon())), Errc::conflict);
}

TEST_F(AccountsTest, NobodyIsFoundUnderAWrongName) {
    ASSERT_TRUE(add("ann@example.org"));
    for (const auto* who : {"bob@example.org", "0123456789abcdef01234567", "", "ann"}) {
        expect_error(run_task(accounts.suspend(who, soon())), Errc::not_found);
        expect_error(run_task(accounts.restore(who, soon())), Errc::not_found);
        expect_error(run_task(accounts.set_password(who, "long enough", soon())), Errc::not_found);
        expect_error(run_task(accounts.sessions(who, soon())), Errc::not_found);
    }
}

TEST_F(AccountsTest, ANewPasswordEndsWhatBeganWithTheOldOne) {
    ASSERT_TRUE(add("ann@example.org"));
    ASSERT_TRUE(sign_in("ann@example.org"));
    expect_error(run_task(accounts.set_password("ann@example.org", "short", soon())), Errc::invalid);
    EXPECT_EQ(people.sessions.size(), 1U);
    ASSERT_TRUE(run_task(accounts.set_password("ann@example.org", "another one", soon())));
    EXPECT_TRUE(people.sessions.empty());
    expect_error(sign_in("ann@example.org"), Errc::unauthenticated);
    EXPECT_TRUE(sign_in("ann@example.org", "another one"));
}

TEST_F(AccountsTest, ASignInThatASuspensionOrANewPasswordOvertookIsRefused) {
    const auto ann = add("ann@example.org").value();
    // The sessions were ended before this one was put.
    people.when_signed_in = [&] { people.account_of(ann.id).user.status = UserStatus::suspended; };
    expect_error(sign_in("ann@example.org"), Errc::unauthenticated);
    EXPECT_TRUE(people.sessions.empty());
    people.account_of(ann.id).user.status = UserStatus::active;
    people.when_signed_in = [&] { people.account_of(ann.id).password_hash = "hash of another one"; };
    expect_error(sign_in("ann@example.org"), Errc::unauthenticated);
    EXPECT_TRUE(people.sessions.empty());
}

TEST_F(AccountsTest, SessionsAreListedWhileTheyLast) {
    ASSERT_TRUE(add("ann@example.org"));
    const auto in = sign_in("ann@example.org").value();
    clock.wall_now += std::chrono::minutes(30);
    ASSERT_TRUE(sign_in("ann@example.org"));
    EXPECT_EQ(run_task(accounts.sessions("ann@example.org", soon())).value().sessions.size(), 2U);
    clock.wall_now = in.expires_at;
    const auto left = run_task(accounts.sessions("ann@example.org", soon())).value().sessions;
    ASSERT_EQ(left.size(), 1U);
    EXPECT_GT(left.front().expires_at, in.expires_at);
}

TEST_F(AccountsTest, ASessionStandsWhileItLastsAndItsOwnerIsActive) {
    const auto ann = add("ann@example.org").value();
    const auto in = sign_in("ann@example.org").value();
    const std::vector<SessionKey> ours{{people.sessions.front().socket_token_hash, ann.id}};
    const auto standing = [&] { return run_task(accounts.standing(ours, soon())).value().size(); };
    EXPECT_EQ(standing(), 1U);
    people.account_of(ann.id).user.status = UserStatus::suspended;
    EXPECT_EQ(standing(), 0U) << "though its session was not ended yet";
    people.account_of(ann.id).user.status = UserStatus::active;
    clock.wall_now = in.expires_at;
    EXPECT_EQ(standing(), 0U);
}

TEST_F(AccountsTest, ASearchIsBoundedAndPaged) {
    expect_error(run_task(accounts.search("", 1, 50, soon())), Errc::invalid);
    expect_error(run_task(accounts.search("ann", 0, 50, soon())), Errc::invalid);
    ASSERT_TRUE(run_task(accounts.search("ann", 3, 5'000, soon())));
    EXPECT_EQ(people.searched, std::tuple(std::string("ann"), std::size_t{200}, std::size_t{100}));
}

}  // namespace
}  // namespace warren::chat
