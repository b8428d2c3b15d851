#pragma once
#include <cstddef>
#include <cstdint>

#include "base/offload.hpp"
#include "ports/secrets.hpp"

namespace warren::adapters {

/// Secrets by libsodium: Argon2id with its own salt and parameters in the string, BLAKE2b, the system's
/// randomness. Passwords are hashed on `threads` threads of their own, at most `queue_max` waiting or
/// running, so that sign-ins never stall chat and their memory (threads * `memory_bytes`) is bounded.
class SodiumSecrets final : public Secrets {
public:
    struct Options {
        std::size_t threads = 2;
        std::size_t queue_max = 64;
        /// Argon2id's passes and memory: libsodium's INTERACTIVE, some 50 ms of one core.
        std::uint64_t operations = 2;
        std::size_t memory_bytes = std::size_t{64} << 20;
    };

    /// Hashes one password at once, to have something to compare with. Throws std::runtime_error where that
    /// or libsodium fails.
    explicit SodiumSecrets(Options options);

    Task<Result<std::string>> hash_password(std::string password) override;
    Task<Result<bool>> verify_password(std::string password, std::string hash) override;
    std::string random_token() override;
    std::uint64_t random_number() override;
    TokenHash hash_token(std::string_view token) override;
    std::string derive_token(std::string_view token, std::string_view purpose) override;

private:
    const Options options_;
    const std::string dummy_hash_;
    Offload offload_;
};

}  // namespace warren::adapters
