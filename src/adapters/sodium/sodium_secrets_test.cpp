#include "adapters/sodium/sodium_secrets.hpp"

#include "tests/contract/secrets_contract.hpp"

namespace warren::testing {
namespace {

using adapters::SodiumSecrets;

/// As little work as libsodium allows.
SodiumSecrets::Options quick() {
    SodiumSecrets::Options options;
    options.operations = 1;
    options.memory_bytes = 8192;
    return options;
}

INSTANTIATE_TEST_SUITE_P(Sodium, SecretsContract,
                         ::testing::Values(PortCase<Secrets>{
                             "sodium", {}, [] { return std::make_shared<SodiumSecrets>(quick()); }}),
                         case_name<Secrets>);

TEST(SodiumSecretsTest, HashesWithTheSettingsGiven) {
    SodiumSecrets secrets(quick());
    const auto hash = run_task(secrets.hash_password("password")).value();
    EXPECT_NE(hash.find("$m=8,t=1,p=1$"), std::string::npos) << hash;
    SodiumSecrets dearer({1, 4, 2, 64 * 1024});
    EXPECT_TRUE(run_task(dearer.verify_password("password", hash)).value())
        << "older settings must stay valid";
}

TEST(SodiumSecretsTest, RefusesMoreThanItsQueue) {
    auto options = quick();
    options.queue_max = 0;
    SodiumSecrets secrets(options);
    EXPECT_EQ(run_task(secrets.hash_password("password")).error(), Errc::overloaded);
    EXPECT_EQ(run_task(secrets.verify_password("password", "")).error(), Errc::overloaded);
}

TEST(SodiumSecretsTest, ThrowsWhereItsSettingsAreRefused) {
    auto options = quick();
    options.memory_bytes = 1;
    EXPECT_THROW(SodiumSecrets{options}, std::runtime_error);
}

TEST(SodiumSecretsTest, ManySignInsRunSideBySide) {
    auto options = quick();
    options.threads = 4;
    SodiumSecrets secrets(options);
    const auto hash = run_task(secrets.hash_password("password")).value();
    std::vector<Task<Result<bool>>> tasks;
    for (int i = 0; i < 40; ++i)
        tasks.push_back(secrets.verify_password(i % 2 ? "password" : "passwort", hash));
    const auto results = run_tasks(std::move(tasks));
    for (std::size_t i = 0; i < results.size(); ++i)
        EXPECT_EQ(results[i].value(), i % 2 == 1);
}

TEST(SodiumSecretsTest, ATokensStoredHashDoesNotTellItsDerivedToken) {
    SodiumSecrets secrets(quick());
    const auto token = secrets.random_token();
    const auto stored = secrets.hash_token(token);
    const std::string_view as_text(reinterpret_cast<const char*>(stored.data()), stored.size());
    EXPECT_NE(secrets.derive_token(as_text, "socket"), secrets.derive_token(token, "socket"));
}

}  // namespace
}  // namespace warren::testing
