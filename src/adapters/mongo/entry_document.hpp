#pragma once
#include "adapters/mongo/document.hpp"
#include "base/result.hpp"
#include "model/entry.hpp"

namespace warren::adapters::mongo {

/// The stored form of an entry. @see docs/storage.md#mongodb
/// @errors invalid (a number that int64 cannot hold: no log has such)
Result<Document> document_of(const Entry& entry);
/// The inverse. @errors internal (a document that Warren did not write; it is logged)
Result<EntryPtr> entry_of(const bson_t& document);

}  // namespace warren::adapters::mongo
