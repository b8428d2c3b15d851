#include "adapters/sodium/sodium_secrets.hpp"

#include <sodium.h>

#include <array>
#include <stdexcept>

#include "base/log.hpp"

namespace warren::adapters {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

template <std::size_t N>
std::string base64(const std::array<unsigned char, N>& bytes) {
    constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string out(sodium_base64_ENCODED_LEN(N, kVariant), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes.data(), N, kVariant);
    out.pop_back();  // The terminating zero.
    return out;
}

Result<std::string> hash_of(const std::string& password, const SodiumSecrets::Options& options) {
    std::array<char, crypto_pwhash_STRBYTES> out{};
    const int failed = crypto_pwhash_str(out.data(), password.data(), password.size(), options.operations,
                                         options.memory_bytes);
    if (failed) {
        log::error("argon2_failed", {{"memory_bytes", options.memory_bytes}});
        return Error(Errc::overloaded, "There is not enough memory to hash a password now.");
    }
    return std::string(out.data());
}

std::string first_hash(const SodiumSecrets::Options& options) {
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot start: no source of randomness");
    auto hash = hash_of("nobody's password", options);
    if (hash.has_error()) {
        throw std::runtime_error("Argon2id refuses its settings or has not enough memory (" +
                                 std::to_string(options.memory_bytes >> 20) + " MiB for a password)");
    }
    return std::move(*hash);
}

}  // namespace

SodiumSecrets::SodiumSecrets(Options options)
    : options_(options), dummy_hash_(first_hash(options)), offload_(options.threads, options.queue_max) {}

Task<Result<std::string>> SodiumSecrets::hash_password(std::string password) {
    auto job = [this, password = std::move(password)]() mutable {
        auto hash = hash_of(password, options_);
        sodium_memzero(password.data(), password.size());
        return hash;
    };
    return offload_.run(std::move(job));
}

Task<Result<bool>> SodiumSecrets::verify_password(std::string password, std::string hash) {
    auto job = [this, password = std::move(password), hash = std::move(hash)]() mutable -> Result<bool> {
        // Nobody must learn from the time taken whether an account has a password, or exists.
        const bool matchable =
            hash.starts_with(crypto_pwhash_argon2id_STRPREFIX) && hash.size() < crypto_pwhash_STRBYTES &&
            crypto_pwhash_str_needs_rehash(hash.c_str(), options_.operations, options_.memory_bytes) >= 0;
        const auto& against = matchable ? hash : dummy_hash_;
        const bool equal = crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
        sodium_memzero(password.data(), password.size());
        return matchable && equal;
    };
    return offload_.run(std::move(job));
}

std::string SodiumSecrets::random_token() {
    std::array<unsigned char, 32> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    return base64(bytes);
}

std::uint64_t SodiumSecrets::random_number() {
    std::uint64_t number = 0;
    randombytes_buf(&number, sizeof number);
    return number;
}

TokenHash SodiumSecrets::hash_token(std::string_view token) {
    TokenHash out{};
    crypto_generichash(out.data(), out.size(), bytes_of(token), token.size(), nullptr, 0);
    return out;
}

std::string SodiumSecrets::derive_token(std::string_view token, std::string_view purpose) {
    // The key is BLAKE2b's 512-bit digest, which cannot be found from the 256-bit one that a store holds: the
    // length of a digest is an input of BLAKE2b.
    std::array<unsigned char, crypto_generichash_KEYBYTES_MAX> key{};
    static_assert(key.size() == 64);
    crypto_generichash(key.data(), key.size(), bytes_of(token), token.size(), nullptr, 0);
    std::array<unsigned char, 32> out{};
    crypto_generichash(out.data(), out.size(), bytes_of(purpose), purpose.size(), key.data(), key.size());
    sodium_memzero(key.data(), key.size());
    return base64(out);
}

}  // namespace warren::adapters
