#pragma once
#include <filesystem>

#include "adapters/sqlite/connection.hpp"

namespace warren::adapters::sqlite {

/// The version of the database that this program writes: the number of its migrations.
int newest_version();

/// Looks at the file's first bytes without opening it as a database: one that a newer Warren has written, or
/// that is something else, is refused and left as it is. An empty or absent file passes.
/// @errors unavailable, conflict
Result<void> check_file(const std::filesystem::path& file);

/// Brings the database to the newest version, each migration in a transaction of its own. Refuses a newer
/// one, and one that is not Warren's, without writing. @errors unavailable, conflict
Result<void> migrate(Connection& connection, const std::filesystem::path& file);

}  // namespace warren::adapters::sqlite
