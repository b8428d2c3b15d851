#include "adapters/mongo/user_document.hpp"

#include "base/log.hpp"

namespace warren::adapters::mongo {
namespace {

Error damaged(std::string_view what) {
    log::error("mongodb_document_damaged", {{"what", what}});
    return {Errc::internal, "A stored document could not be decoded."};
}

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

Document document_of(const Account& account) {
    const auto& user = account.user;
    Document out;
    out.add("_id", user.id).add("name", user.name).add("email", user.email);
    out.add("emailCanonical", canonical_email(user.email)).add("phone", user.phone).add("image", user.image);
    out.add("status", static_cast<std::int32_t>(user.status)).add("createdAt", user.created_at);
    out.add("passwordHash", account.password_hash);
    return out;
}

Result<Account> account_of(const bson_t& document) {
    Fields in(document);
    Account out;
    out.user.id = in.id<UserId>("_id");
    out.user.name = in.text("name");
    out.user.email = in.text("email");
    out.user.phone = in.text("phone");
    out.user.image = in.text("image");
    const auto status = in.number("status");
    out.user.status = static_cast<UserStatus>(status);
    out.user.created_at = in.time("createdAt");
    out.password_hash = in.text("passwordHash");
    if (!in.ok() || status > 2) return damaged("user");
    return out;
}

Document document_of(const Session& session) {
    Document out;
    out.add("_id", hex_of(session.token_hash)).add("socketTokenHash", hex_of(session.socket_token_hash));
    out.add("userId", session.user).add("createdAt", session.created_at).add("expiresAt", session.expires_at);
    return out;
}

Result<Session> session_of(const bson_t& document) {
    Fields in(document);
    Session out;
    const auto token = hash_of(in.text("_id"));
    const auto socket_token = hash_of(in.text("socketTokenHash"));
    out.user = in.id<UserId>("userId");
    out.created_at = in.time("createdAt");
    out.expires_at = in.time("expiresAt");
    if (!in.ok() || !token || !socket_token) return damaged("session");
    out.token_hash = *token;
    out.socket_token_hash = *socket_token;
    return out;
}

std::string hex_of(const TokenHash& hash) {
    std::string out;
    for (const auto byte : hash) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::optional<TokenHash> hash_of(std::string_view hex) {
    TokenHash out{};
    if (hex.size() != 2 * out.size()) return std::nullopt;
    for (std::size_t i = 0; i < hex.size(); ++i) {
        const auto value = kDigits.find(hex[i]);
        if (value == std::string_view::npos) return std::nullopt;
        out[i / 2] = static_cast<std::uint8_t>((out[i / 2] << 4) | value);
    }
    return out;
}

}  // namespace warren::adapters::mongo
