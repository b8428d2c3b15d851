#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

/// One message while the entries that are about it are applied in order of seq: what a change is judged by.
/// Edits, deletes and reactions after its delete do nothing.
class MessageState {
public:
    /// `message` is of kind message.
    explicit MessageState(EntryPtr message);

    void apply(const Entry& entry);

    const EntryPtr& entry() const { return entry_; }
    bool is_deleted() const { return deleted_by_ != 0; }
    bool has_reaction(UserId user, std::string_view emoji) const;
    /// Whether anybody reacts with it now.
    bool has_emoji(std::string_view emoji) const;
    /// How many different emoji it has now.
    std::size_t emoji_count() const;
    /// As people see it; what is known is given away.
    FoldedMessage folded() &&;

private:
    std::vector<UserId>& users_of(const std::string& emoji);
    void apply_reaction(UserId user, const ReactBody& body);

    EntryPtr entry_;
    std::string text_;
    Seq edited_by_ = 0;
    Seq deleted_by_ = 0;
    /// In order of first use and of reacting.
    std::vector<std::pair<std::string, std::vector<UserId>>> emojis_;
};

/// Puts a page together: the messages among `entries` (ascending seq) as the entries of `targeting`
/// (ascending seq, kinds edit, remove and react) leave them. Entries of other kinds are passed over. Pure.
/// @see docs/storage.md#fold
std::vector<FoldedMessage> fold(std::span<const EntryPtr> entries, std::span<const EntryPtr> targeting);

/// Blanks those messages and edits among `entries` whose message a delete among `targeting` deletes: what a
/// store may still have of them is gone from what is shown. Pure.
void hide_deleted(std::vector<EntryPtr>& entries, std::span<const EntryPtr> targeting);

}  // namespace warren::chat
