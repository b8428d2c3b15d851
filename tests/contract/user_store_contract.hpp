#pragma once
#include <gmock/gmock.h>

#include <algorithm>

#include "ports/user_store.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What every UserStore does. @see tests/contract/port_case.hpp for how an adapter instantiates it
class UserStoreContract : public PortContract<UserStore> {
protected:
    /// Ten digits that no other test uses.
    static std::string fresh_phone() {
        static std::mt19937_64 random(std::random_device{}());
        return std::to_string(1'000'000'000 + random() % 9'000'000'000);
    }
    static Account account(std::string name = "Alice") {
        Account out;
        out.user.id = fresh<UserId>();
        out.user.name = std::move(name);
        out.user.email = "P." + out.user.id.hex() + "@Example.org";
        out.user.phone = fresh_phone();
        out.user.image = "pictures/2.png";
        out.user.status = UserStatus::active;
        out.user.created_at = time(1'764'000'000'555);
        out.password_hash = "$argon2id$v=19$m=65536,t=2,p=1$abc$def";
        return out;
    }
    /// A word that no other test's names contain.
    static std::string fresh_word() { return "w" + fresh<UserId>().hex(); }
    void create(const Account& a) { ASSERT_TRUE(run_task(port().create(a, soon()))); }
    Errc creating(const Account& a) {
        const auto result = run_task(port().create(a, soon()));
        return result.has_error() ? result.error().code : Errc{};
    }
    std::vector<User> search(std::string text, std::size_t skip = 0, std::size_t limit = 100) {
        return run_task(port().search(std::move(text), skip, limit, soon())).value();
    }
    static std::vector<std::string> names(const std::vector<User>& users) {
        std::vector<std::string> out;
        for (const auto& user : users)
            out.push_back(user.name);
        return out;
    }
    static TokenHash fresh_hash() {
        static std::mt19937_64 random(std::random_device{}());
        TokenHash hash;
        for (auto& byte : hash)
            byte = static_cast<std::uint8_t>(random());
        return hash;
    }
    static WallTime now() { return time(1'764'000'000'100); }
    Session sign_in(UserId user, WallTime began = time(1'764'000'000'001),
                    WallTime expires = time(1'864'000'000'002)) {
        const Session session{fresh_hash(), fresh_hash(), user, began, expires};
        EXPECT_TRUE(run_task(port().put_session(session, soon())));
        return session;
    }
    std::optional<Session> by_token(TokenHash hash) {
        return run_task(port().session_by_token(hash, soon())).value();
    }
    std::optional<Session> by_socket_token(TokenHash hash) {
        return run_task(port().session_by_socket_token(hash, soon())).value();
    }
};

TEST_P(UserStoreContract, ASocketTokenSaysWhoIsSignedIn) {
    const auto alice = account("Alice");
    create(alice);
    const auto session = sign_in(alice.user.id);
    const auto of_nobody = sign_in(fresh<UserId>());
    const auto ask = [&](TokenHash hash) { return run_task(port().signed_in(hash, soon())).value(); };
    const auto found = ask(session.socket_token_hash);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->session.token_hash, session.token_hash);
    EXPECT_EQ(found->session.expires_at, session.expires_at);
    EXPECT_EQ(found->user, alice.user);
    EXPECT_FALSE(ask(session.token_hash));
    EXPECT_FALSE(ask(fresh_hash()));
    EXPECT_FALSE(ask(of_nobody.socket_token_hash)) << "the person is missing";
    ASSERT_TRUE(run_task(port().end_sessions(alice.user.id, soon())));
    EXPECT_FALSE(ask(session.socket_token_hash));
}

TEST_P(UserStoreContract, KeepsEveryFieldOfAPerson) {
    const auto alice = account("Grüße \xF0\x9F\x90\x87 O'Hara");
    create(alice);
    EXPECT_THAT(run_task(port().users({alice.user.id}, soon())).value(), ::testing::ElementsAre(alice.user));
    const auto found = run_task(port().by_email(canonical_email(alice.user.email), soon())).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->user, alice.user);
    EXPECT_EQ(found->password_hash, alice.password_hash);
}

TEST_P(UserStoreContract, ReadsThePeopleWhoExist) {
    const auto a = account();
    auto b = account();
    b.user.status = UserStatus::suspended;
    create(a);
    create(b);
    const auto found = run_task(port().users({b.user.id, fresh<UserId>(), a.user.id}, soon())).value();
    EXPECT_THAT(found, ::testing::UnorderedElementsAre(a.user, b.user));
    EXPECT_TRUE(run_task(port().users({}, soon())).value().empty());
    EXPECT_FALSE(run_task(port().by_email("nobody." + fresh_word() + "@example.org", soon())).value());
}

TEST_P(UserStoreContract, IdAddressAndPhoneAreTakenOnce) {
    const auto first = account();
    create(first);
    auto same_id = account();
    same_id.user.id = first.user.id;
    EXPECT_EQ(creating(same_id), Errc::taken);
    auto same_email = account();
    same_email.user.email = canonical_email(first.user.email);
    EXPECT_EQ(creating(same_email), Errc::taken);
    auto same_phone = account();
    same_phone.user.phone = first.user.phone;
    EXPECT_EQ(creating(same_phone), Errc::taken);
    EXPECT_TRUE(run_task(port().users({same_email.user.id, same_phone.user.id}, soon())).value().empty());
    EXPECT_EQ(creating(account()), Errc{});
}

TEST_P(UserStoreContract, OfManyWithOneAddressOneIsMade) {
    std::vector<Task<Result<void>>> tasks;
    const auto email = fresh_word() + "@example.org";
    for (int i = 0; i < 6; ++i) {
        auto rival = account();
        rival.user.email = email;
        tasks.push_back(port().create(rival, soon()));
    }
    int made = 0;
    for (const auto& result : run_tasks(std::move(tasks)))
        made += result.has_value() ? 1 : 0;
    EXPECT_EQ(made, 1);
}

TEST_P(UserStoreContract, SearchFindsPartsOfNamesInEitherCase) {
    const auto word = fresh_word();
    create(account("Bob " + word));
    create(account("alice " + word + " x"));
    create(account(word));
    auto upper = word;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    EXPECT_EQ(names(search(word)), (std::vector<std::string>{"Bob " + word, "alice " + word + " x", word}));
    EXPECT_EQ(search(upper).size(), 3u);
    EXPECT_EQ(search(word.substr(0, word.size() - 1)).size(), 3u);
    EXPECT_TRUE(search(word + "!").empty());
}

TEST_P(UserStoreContract, SearchPagesByNameThenId) {
    const auto word = fresh_word();
    std::vector<User> expected;
    for (const auto* name : {"b", "a", "a", "c", "a"}) {
        auto person = account(name + word);
        create(person);
        expected.push_back(person.user);
    }
    std::sort(expected.begin(), expected.end(),
              [](const User& a, const User& b) { return std::tie(a.name, a.id) < std::tie(b.name, b.id); });
    EXPECT_EQ(search(word), expected);
    EXPECT_EQ(search(word, 1, 3), std::vector<User>(expected.begin() + 1, expected.begin() + 4));
    EXPECT_TRUE(search(word, 5, 3).empty());
}

TEST_P(UserStoreContract, SearchTakesTheTextLiterally) {
    const auto word = fresh_word();
    create(account(word + " 100% a_b c.d (e)* [f] \\g ^h$"));
    create(account(word + " 100x axb cxd"));
    for (const auto* part : {"100%", "a_b", "c.d", "(e)*", "[f]", "\\g", "^h$"}) {
        const auto found = search(part);
        const auto ours = std::count_if(found.begin(), found.end(), [&](const User& user) {
            return user.name.find(word) != std::string::npos;
        });
        EXPECT_EQ(ours, 1) << part;
    }
    EXPECT_TRUE(search(word + ".*").empty());
    EXPECT_TRUE(search(word + "%").empty());
}

TEST_P(UserStoreContract, SearchFindsAWholePhoneNumber) {
    const auto person = account();
    create(person);
    EXPECT_THAT(search(person.user.phone), ::testing::Contains(person.user));
    EXPECT_THAT(search(person.user.phone.substr(0, 9)), ::testing::Not(::testing::Contains(person.user)));
}

TEST_P(UserStoreContract, SearchFindsActivePeopleOnly) {
    const auto word = fresh_word();
    for (const auto status : {UserStatus::inactive, UserStatus::active, UserStatus::suspended}) {
        auto person = account(word);
        person.user.status = status;
        create(person);
        EXPECT_EQ(search(person.user.phone).size(), status == UserStatus::active ? 1u : 0u);
    }
    EXPECT_EQ(search(word).size(), 1u);
}

TEST_P(UserStoreContract, ListWalksEverybodyById) {
    std::vector<UserId> made;
    for (int i = 0; i < 7; ++i) {
        auto person = account();
        person.user.status = i == 3 ? UserStatus::suspended : UserStatus::active;
        create(person);
        made.push_back(person.user.id);
    }
    std::vector<UserId> seen;
    for (auto after = made.front(); seen.size() < 10'000;) {
        const auto page = run_task(port().list(after, 2, soon())).value();
        if (page.empty()) break;
        EXPECT_LE(page.size(), 2u);
        for (const auto& user : page) {
            EXPECT_LT(after, user.id);
            after = user.id;
            seen.push_back(user.id);
        }
    }
    seen.erase(
        std::remove_if(seen.begin(), seen.end(),
                       [&](UserId id) { return std::find(made.begin(), made.end(), id) == made.end(); }),
        seen.end());
    EXPECT_EQ(seen, std::vector<UserId>(made.begin() + 1, made.end()));
}

TEST_P(UserStoreContract, APasswordHashIsReplaced) {
    const auto person = account();
    create(person);
    ASSERT_TRUE(run_task(port().set_password_hash(person.user.id, "new", soon())));
    EXPECT_EQ(run_task(port().by_email(canonical_email(person.user.email), soon())).value()->password_hash,
              "new");
    const auto nobody = run_task(port().set_password_hash(fresh<UserId>(), "new", soon()));
    ASSERT_TRUE(nobody.has_error());
    EXPECT_EQ(nobody.error(), Errc::not_found);
}

TEST_P(UserStoreContract, WhenSomebodyWasSeenLastOnlyGrows) {
    const auto seen = account();
    const auto never = account();
    create(seen);
    create(never);
    const auto nobody = fresh<UserId>();
    const auto put = [&](std::vector<LastSeen> people) {
        EXPECT_TRUE(run_task(port().put_last_seen(std::move(people), soon())));
    };
    const auto read = [&] {
        std::vector<UserId> asked{seen.user.id, never.user.id, nobody};
        return run_task(port().last_seen(std::move(asked), soon())).value();
    };
    EXPECT_TRUE(read().empty());
    put({{seen.user.id, time(1'700'000'000'123)}, {nobody, time(1'700'000'000'123)}});
    EXPECT_EQ(read(), (std::vector<LastSeen>{{seen.user.id, time(1'700'000'000'123)}}));
    put({{seen.user.id, time(1'600'000'000'000)}});
    put({});
    EXPECT_EQ(read(), (std::vector<LastSeen>{{seen.user.id, time(1'700'000'000'123)}}));
    put({{seen.user.id, time(1'700'000'000'124)}});
    EXPECT_EQ(read(), (std::vector<LastSeen>{{seen.user.id, time(1'700'000'000'124)}}));
    EXPECT_EQ(run_task(port().by_email(canonical_email(seen.user.email), soon())).value()->user, seen.user);
    EXPECT_TRUE(run_task(port().last_seen({}, soon())).value().empty());
}

TEST_P(UserStoreContract, AStatusIsSet) {
    auto person = account();
    create(person);
    for (const auto status : {UserStatus::suspended, UserStatus::active}) {
        ASSERT_TRUE(run_task(port().set_status(person.user.id, status, soon())));
        person.user.status = status;
        EXPECT_THAT(run_task(port().users({person.user.id}, soon())).value(),
                    ::testing::ElementsAre(person.user));
        // Once more is the same.
        EXPECT_TRUE(run_task(port().set_status(person.user.id, status, soon())));
    }
    const auto nobody = run_task(port().set_status(fresh<UserId>(), UserStatus::active, soon()));
    ASSERT_TRUE(nobody.has_error());
    EXPECT_EQ(nobody.error(), Errc::not_found);
}

TEST_P(UserStoreContract, SessionsOfAPersonAreListedByWhenTheyBegan) {
    const auto user = fresh<UserId>();
    const auto second = sign_in(user, time(1'764'000'000'030));
    const auto first = sign_in(user, time(1'764'000'000'020));
    sign_in(fresh<UserId>());
    const auto found = run_task(port().sessions_of(user, soon())).value();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].token_hash, first.token_hash);
    EXPECT_EQ(found[1].token_hash, second.token_hash);
    EXPECT_EQ(found[1].created_at, second.created_at);
    EXPECT_EQ(found[1].expires_at, second.expires_at);
    EXPECT_TRUE(run_task(port().sessions_of(fresh<UserId>(), soon())).value().empty());
}

TEST_P(UserStoreContract, ASessionThatHasExpiredExistsNoMore) {
    const auto user = fresh<UserId>();
    const auto soon_over = sign_in(user, time(1'764'000'000'001), time(1'764'000'000'101));
    const auto ask = [&](std::int64_t at) {
        return run_task(port().existing_sessions({soon_over.socket_token_hash}, time(at), soon())).value();
    };
    EXPECT_EQ(ask(1'764'000'000'100).size(), 1U);
    EXPECT_TRUE(ask(1'764'000'000'101).empty());
    EXPECT_TRUE(ask(1'764'000'000'102).empty());
}

TEST_P(UserStoreContract, ASessionIsFoundByEitherToken) {
    const auto session = sign_in(fresh<UserId>());
    for (const auto& found : {by_token(session.token_hash), by_socket_token(session.socket_token_hash)}) {
        ASSERT_TRUE(found);
        EXPECT_EQ(found->token_hash, session.token_hash);
        EXPECT_EQ(found->socket_token_hash, session.socket_token_hash);
        EXPECT_EQ(found->user, session.user);
        EXPECT_EQ(found->created_at, session.created_at);
        EXPECT_EQ(found->expires_at, session.expires_at);
    }
    EXPECT_FALSE(by_token(session.socket_token_hash));
    EXPECT_FALSE(by_socket_token(session.token_hash));
    EXPECT_FALSE(by_token(fresh_hash()));
}

TEST_P(UserStoreContract, EndingSessionsEndsThoseOfOnePerson) {
    const auto user = fresh<UserId>();
    const auto first = sign_in(user);
    const auto second = sign_in(user);
    const auto other = sign_in(fresh<UserId>());
    ASSERT_TRUE(run_task(port().end_sessions(user, soon())));
    EXPECT_FALSE(by_token(first.token_hash));
    EXPECT_FALSE(by_socket_token(second.socket_token_hash));
    EXPECT_TRUE(by_token(other.token_hash));
    EXPECT_TRUE(run_task(port().end_sessions(fresh<UserId>(), soon())));
    const auto again = sign_in(user);
    EXPECT_TRUE(by_token(again.token_hash));
}

TEST_P(UserStoreContract, TellsWhichSessionsExistStill) {
    const auto gone = sign_in(fresh<UserId>());
    const auto here = sign_in(fresh<UserId>());
    ASSERT_TRUE(run_task(port().end_sessions(gone.user, soon())));
    const std::vector<TokenHash> asked{gone.socket_token_hash, here.socket_token_hash, fresh_hash(),
                                       here.token_hash};
    EXPECT_THAT(run_task(port().existing_sessions(asked, now(), soon())).value(),
                ::testing::ElementsAre(here.socket_token_hash));
    EXPECT_TRUE(run_task(port().existing_sessions({}, now(), soon())).value().empty());
}

TEST_P(UserStoreContract, APassedDeadlineEndsInTimedOut) {
    const auto created = run_task(port().create(account(), past()));
    ASSERT_TRUE(created.has_error());
    EXPECT_EQ(created.error(), Errc::timed_out);
    const auto read = run_task(port().by_email("x@example.org", past()));
    ASSERT_TRUE(read.has_error());
    EXPECT_EQ(read.error(), Errc::timed_out);
}

}  // namespace warren::testing
