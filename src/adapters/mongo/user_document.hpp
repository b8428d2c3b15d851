#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "adapters/mongo/document.hpp"
#include "base/result.hpp"
#include "model/user.hpp"

/// The stored forms of people and sessions. Reading gives `internal` for what Warren did not write.
namespace warren::adapters::mongo {

Document document_of(const Account& account);
Result<Account> account_of(const bson_t& document);

Document document_of(const Session& session);
Result<Session> session_of(const bson_t& document);

std::string hex_of(const TokenHash& hash);
/// The inverse; nothing unless the text is 64 lower-case hex digits.
std::optional<TokenHash> hash_of(std::string_view hex);

}  // namespace warren::adapters::mongo
