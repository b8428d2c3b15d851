#pragma once
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "model/user.hpp"

namespace warren {

/// Secrets: password hashes, random tokens and their hashes. Thread-safe.
class Secrets {
public:
    virtual ~Secrets() = default;
    /// Argon2id on threads of its own: costs tens of milliseconds and memory. @errors overloaded
    virtual Task<Result<std::string>> hash_password(std::string password) = 0;
    /// Whether `password` gives `hash`. An empty hash is never matched but takes as long. @errors overloaded
    virtual Task<Result<bool>> verify_password(std::string password, std::string hash) = 0;
    /// 256 random bits, URL-safe base64.
    virtual std::string random_token() = 0;
    virtual std::uint64_t random_number() = 0;
    virtual TokenHash hash_token(std::string_view token) = 0;
    /// A second token that only the holder of `token` could know and from which `token` cannot be found.
    virtual std::string derive_token(std::string_view token, std::string_view purpose) = 0;
};

}  // namespace warren
