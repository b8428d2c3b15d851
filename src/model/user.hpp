#pragma once
#include <array>
#include <string>

#include "model/ids.hpp"
#include "model/time.hpp"

namespace warren {

enum class UserStatus : std::uint8_t { inactive = 0, active = 1, suspended = 2 };

/// A person, as others may see them (but for e-mail and status).
struct User {
    UserId id;
    std::string name;
    std::string email;  ///< As given, at most kEmailBytesMax; compared in lower case.
    std::string phone;  ///< Ten digits, unique, given at random.
    std::string image;
    UserStatus status = UserStatus::inactive;
    WallTime created_at{};

    friend bool operator==(const User&, const User&) = default;
};

/// A person together with what proves that it is them.
struct Account {
    User user;
    std::string password_hash;  ///< libsodium's Argon2id string; empty: cannot sign in with a password.
};

/// When somebody was connected last.
struct LastSeen {
    UserId user;
    WallTime at{};
    friend bool operator==(const LastSeen&, const LastSeen&) = default;
};

/// SHA-256 or BLAKE2b of a secret token; the token itself is never stored.
using TokenHash = std::array<std::uint8_t, 32>;

/// One sign-in. Both tokens are random; a store holds only their hashes.
struct Session {
    TokenHash token_hash{};         ///< Of the cookie or bearer token.
    TokenHash socket_token_hash{};  ///< Of the token that Socket.IO clients connect with.
    UserId user;
    WallTime created_at{};
    WallTime expires_at{};
};

inline constexpr std::size_t kUserNameCharsMin = 3;
inline constexpr std::size_t kUserNameCharsMax = 50;
inline constexpr std::size_t kEmailBytesMax = 254;
inline constexpr std::size_t kPasswordBytesMin = 8;
inline constexpr std::size_t kPasswordBytesMax = 1024;

/// The form in which e-mail addresses are compared: ASCII letters in lower case.
std::string canonical_email(std::string_view email);

}  // namespace warren
