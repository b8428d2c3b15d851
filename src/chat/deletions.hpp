#pragma once
#include <vector>

#include "chat/environment.hpp"
#include "chat/pages.hpp"

namespace warren::chat {

/// Keeps a note of every delete in `run`, which is about to be appended. Durable on return: from here on
/// somebody finishes what the delete begins, whoever dies.
Task<Result<void>> note_deletes(Environment& env, std::vector<EntryPtr> run, Deadline deadline);

/// Blanks, among raw `entries` of one channel that are about to leave the node, those whose message was
/// deleted: the store may not have got so far yet. Asks for the deletes of each bucket that their text
/// belongs to, and for nothing where there is no text. `entries` outlives the call.
Task<Result<void>> hide_deleted_in(EntryStore& store, std::vector<EntryPtr>& entries, Deadline deadline);

/// Deleted text goes: the bodies of a deleted message and of its edits are blanked in the store and their
/// page is dropped from the cache, by the node that deletes, before it acknowledges, or by whichever node
/// finds the note that a dead one left. On the chat executor only.
/// @see docs/storage.md#deletion
class Deletions {
public:
    Deletions(asio::any_io_executor executor, Environment& env, Pages& pages);

    /// Begins to look for notes that were left: at once, then every Limits::sweep_every.
    void start();
    void stop() { stopping_ = true; }

    /// Nothing of what the stored `remove` deletes is in the store on return, and its note is gone.
    Task<Result<void>> finish(EntryPtr remove, Deadline deadline);

    /// A delete reached this node: its page goes from the cache.
    void on_delivered(const Entry& remove);

private:
    Task<void> sweep_for_ever();
    Task<Result<void>> sweep(std::chrono::seconds older_than);
    Task<Result<void>> settle(Blanking note, Deadline deadline);

    asio::any_io_executor executor_;
    Environment& env_;
    Pages& pages_;
    bool stopping_ = false;
    prometheus::Counter& swept_;
};

}  // namespace warren::chat
