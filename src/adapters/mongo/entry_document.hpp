#pragma once
#include "adapters/mongo/document.hpp"
#include "base/result.hpp"
#include "model/entry.hpp"

namespace warren::adapters::mongo {

/// The stored form of an entry. @see docs/storage.md#mongodb
/// `searched_at` is the time of the message that a search finds by `entry`: an edit's target's, else its own.
/// @errors invalid (a number that int64 cannot hold: no log has such)
Result<Document> document_of(const Entry& entry, WallTime searched_at);
/// The fields by which an entry is searched; none where it has no words. @see docs/storage.md#search
Document words_of(const Entry& entry, WallTime searched_at);
/// The inverse. @errors internal (a document that Warren did not write; it is logged)
Result<EntryPtr> entry_of(const bson_t& document);

}  // namespace warren::adapters::mongo
