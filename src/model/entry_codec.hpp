#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/entry.hpp"

namespace warren {

/// The stored form of an entry's body: a JSON object with only the fields that differ from their defaults, so
/// that a reader of an older version ignores what it does not know. @see docs/storage.md#entries
std::string encode_body(const EntryBody& body);
/// @errors internal (the text was not written by encode_body: a damaged store or a hostile peer)
Result<EntryBody> decode_body(EntryKind kind, std::string_view text);

/// A whole entry as one JSON object: what travels on the bus.
std::string encode_entry(const Entry& entry);
/// @errors internal, as decode_body
Result<Entry> decode_entry(std::string_view text);

}  // namespace warren
