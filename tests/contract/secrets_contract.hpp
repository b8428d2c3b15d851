#pragma once
#include <set>

#include "ports/secrets.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// What every Secrets does. @see tests/contract/port_case.hpp for how an adapter instantiates it
class SecretsContract : public PortContract<Secrets> {
protected:
    std::string hash(std::string password) {
        return run_task(port().hash_password(std::move(password))).value();
    }
    bool verify(std::string password, std::string hash) {
        return run_task(port().verify_password(std::move(password), std::move(hash))).value();
    }
};

TEST_P(SecretsContract, APasswordGivesItsHashAndNoOther) {
    const auto stored = hash("correct horse");
    EXPECT_TRUE(verify("correct horse", stored));
    EXPECT_FALSE(verify("correct horsf", stored));
    EXPECT_FALSE(verify("", stored));
    EXPECT_EQ(stored.find("correct"), std::string::npos);
    EXPECT_TRUE(stored.starts_with("$argon2id$")) << stored;
}

TEST_P(SecretsContract, TheSamePasswordHashesDifferentlyEachTime) {
    EXPECT_NE(hash("same"), hash("same"));
}

TEST_P(SecretsContract, TakesEveryByteOfALongPassword) {
    std::string password(kPasswordBytesMax, 'p');
    password[10] = '\0';
    const auto stored = hash(password);
    EXPECT_TRUE(verify(password, stored));
    password.back() = 'q';
    EXPECT_FALSE(verify(password, stored));
}

TEST_P(SecretsContract, AnEmptyOrBrokenHashIsNeverMatched) {
    EXPECT_FALSE(verify("", ""));
    EXPECT_FALSE(verify("x", ""));
    EXPECT_FALSE(verify("x", "x"));
    EXPECT_FALSE(verify("x", "$argon2id$"));
    EXPECT_FALSE(verify("x", std::string(1000, '$')));
}

TEST_P(SecretsContract, TokensAreDistinctAndSafeInUrlsAndHeaders) {
    std::set<std::string> tokens;
    for (int i = 0; i < 1000; ++i) {
        const auto token = port().random_token();
        EXPECT_EQ(token.size(), 43u) << "256 bits in base64 without padding";
        EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos);
        EXPECT_TRUE(tokens.insert(token).second);
    }
}

TEST_P(SecretsContract, RandomNumbersUseAllBits) {
    std::uint64_t ones = 0;
    std::uint64_t zeros = 0;
    for (int i = 0; i < 200; ++i) {
        const auto number = port().random_number();
        ones |= number;
        zeros |= ~number;
    }
    EXPECT_EQ(ones, UINT64_MAX);
    EXPECT_EQ(zeros, UINT64_MAX);
}

TEST_P(SecretsContract, ATokensHashIsStableAndItsOwn) {
    const auto token = port().random_token();
    EXPECT_EQ(port().hash_token(token), port().hash_token(token));
    EXPECT_NE(port().hash_token(token), port().hash_token(token + "x"));
    EXPECT_NE(port().hash_token(""), TokenHash{});
}

TEST_P(SecretsContract, ADerivedTokenDependsOnTokenAndPurpose) {
    const auto token = port().random_token();
    const auto derived = port().derive_token(token, "socket");
    EXPECT_EQ(derived, port().derive_token(token, "socket"));
    EXPECT_EQ(derived.size(), 43u);
    EXPECT_NE(derived, port().derive_token(token, "other"));
    EXPECT_NE(derived, port().derive_token(port().random_token(), "socket"));
    EXPECT_NE(derived, token);
}

}  // namespace warren::testing
