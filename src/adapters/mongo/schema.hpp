#pragma once
#include "adapters/mongo/call.hpp"

namespace warren::adapters::mongo {

inline constexpr const char* kEntries = "entries";
inline constexpr const char* kOrigins = "origins";
inline constexpr const char* kChannels = "channels";
inline constexpr const char* kMembers = "members";
inline constexpr const char* kHints = "hints";
inline constexpr const char* kUsers = "users";
inline constexpr const char* kSessions = "sessions";
inline constexpr const char* kBlocks = "blocks";
inline constexpr const char* kBlankings = "blankings";
inline constexpr const char* kMemberStates = "memberStates";
inline constexpr const char* kMeta = "meta";

/// The schema that this version writes: {_id: "schema", version} in `meta`.
inline constexpr std::uint64_t kSchemaVersion = 5;

/// Whether the schema is one that this version can read or bring up to its own; changes nothing.
/// @errors conflict (newer), and what Call::find names
Result<void> check_schema(Call& call);

/// Makes indexes and brings the schema up to kSchemaVersion, one idempotent step per version.
/// @errors conflict (newer; nothing was changed), and what Call names
Result<void> prepare_schema(Call& call);

}  // namespace warren::adapters::mongo
