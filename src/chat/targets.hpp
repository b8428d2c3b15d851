#pragma once
#include <map>
#include <set>

#include "chat/fold.hpp"
#include "ports/entry_store.hpp"

namespace warren::chat {

/// The message that `body` is about, or replies to; 0 where it stands alone.
Seq message_named_by(const EntryBody& body);

/// The messages that a batch of proposals is about: what edits, deletes and reactions are judged by, and
/// whether what a reply names is a message. Made anew for each attempt to append: what a busy message gathers
/// is read once per batch, and an idle log keeps nothing.
class Targets {
public:
    /// Whoever proposes `body` on top of `head` wants to know of the message that it names, if it does.
    void want(const EntryBody& body, Seq head);
    /// Reads what is wanted, as of the head or later; nothing for messages that stand alone.
    Task<Result<void>> read(EntryStore& store, ChannelId channel, Deadline deadline);

    /// The message that `body` names; null where there is none, or it names none. Of what was done to it
    /// nothing is known where only replies name messages of its bucket.
    const MessageState* of(const EntryBody& body) const;
    /// `body` goes before whatever is judged next.
    void apply(Seq seq, UserId sender, const EntryBody& body);

private:
    std::set<Seq> named_;
    std::set<Bucket> changed_;
    std::map<Seq, MessageState> messages_;
};

}  // namespace warren::chat
