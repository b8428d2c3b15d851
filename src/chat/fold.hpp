#pragma once
#include <span>
#include <string>
#include <vector>

#include "model/entry.hpp"

namespace warren::chat {

inline constexpr std::size_t kReactorsShown = 50;

/// One emoji under one message.
struct Reaction {
    std::string emoji;
    std::size_t count = 0;
    std::vector<UserId> users;  ///< The first kReactorsShown, in order of reacting.
    friend bool operator==(const Reaction&, const Reaction&) = default;
};

/// A message as people see it now: its entry, and what later entries made of it.
struct FoldedMessage {
    EntryPtr entry;
    std::string text;    ///< As of the newest edit; empty once deleted.
    Seq edited_by = 0;   ///< The newest edit, 0 if none.
    Seq deleted_by = 0;  ///< The delete, 0 if none; then nothing of type, data or reactions is shown.
    std::vector<Reaction> reactions;  ///< In order of first use; none with count 0.
};

/// Puts a page together: the messages among `entries` (ascending seq) as the entries of `targeting`
/// (ascending seq, kinds edit, remove and react) leave them. Entries of other kinds are passed over. Pure.
/// @see docs/storage.md#fold
std::vector<FoldedMessage> fold(std::span<const EntryPtr> entries, std::span<const EntryPtr> targeting);

}  // namespace warren::chat
