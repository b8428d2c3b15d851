#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "model/block.hpp"
#include "model/entry.hpp"
#include "words/query.hpp"

namespace warren {

/// Who said which nonce: unique within a channel.
struct NonceKey {
    UserId sender;
    std::string nonce;
    friend auto operator<=>(const NonceKey&, const NonceKey&) = default;
};

inline std::vector<NonceKey> nonces_of(const std::vector<EntryPtr>& run) {
    std::vector<NonceKey> out;
    out.reserve(run.size());
    for (const auto& entry : run)
        out.push_back({entry->sender, entry->nonce});
    return out;
}

/// What else keeps a run from being stored, beside its places being taken.
struct Unless {
    bool repeated = false;           ///< One of its nonces is stored in its channel, under the same sender.
    std::vector<Block> blocks = {};  ///< One of these exists.
};

/// One place in one log.
struct Place {
    ChannelId channel;
    Seq seq = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
};

/// A note that a delete is about to be appended: kept until the text of what it deletes is gone, so that a
/// node that dies in between leaves something behind for others to finish. @see docs/storage.md#deletion
struct Blanking {
    EntryId id;  ///< The delete's own.
    ChannelId channel;
    Seq target = 0;
    WallTime at{};
    friend bool operator==(const Blanking&, const Blanking&) = default;
};

/// A message that may be meant by a search; ordered by time, then by seq, then by channel.
struct Hit {
    WallTime at{};  ///< The message's own time, also where an edit was found.
    Seq seq = 0;    ///< The message.
    ChannelId channel;
    friend auto operator<=>(const Hit&, const Hit&) = default;
};
struct Hits {
    std::vector<Hit> hits;  ///< Newest first, each once.
    /// Where to go on, as `before`: all hits down to here are given. None: there are no more.
    std::optional<Hit> more;
};

/// The entries of every channel, durable and ordered. Thread-safe. Knows nothing of who may write:
/// chat/channel_log decides that and numbers the entries. "Committed" below means: durable here for SQLite,
/// and acknowledged by a majority (read concern majority, one causally consistent session) for MongoDB. Every
/// call may also fail with `unavailable`, `timed_out` or `overloaded`. Contract:
/// tests/contract/entry_store_contract.hpp  @see docs/storage.md
class EntryStore {
public:
    virtual ~EntryStore() = default;

    /// The newest committed entry, or nothing for a channel without entries. Reflects every insert that was
    /// acknowledged to anybody before the call.
    virtual Task<Result<EntryPtr>> head(ChannelId channel, Deadline deadline) = 0;

    /// `head` of many channels, in the order asked; null where there is none.
    virtual Task<Result<std::vector<EntryPtr>>> heads(std::vector<ChannelId> channels, Deadline deadline) = 0;

    /// The committed entries of `channel` under any of `keys`, in any order. Reflects at least every entry
    /// that any call on this object returned before: what `head` showed is searched too.
    virtual Task<Result<std::vector<EntryPtr>>> find_nonces(ChannelId channel, std::vector<NonceKey> keys,
                                                            Deadline deadline) = 0;

    /// Stores `run` (one channel, one bucket, consecutive seqs, 1 to kRunEntriesMax) in order of seq, if none
    /// of its seqs exists yet and nothing of `unless` holds, which is looked up before as by `find_nonces`
    /// and BlockStore::existing; only the seqs are compared in the same moment as they are stored. Resolves
    /// once all of it is committed. After any error the outcome is unknown, a prefix may be stored, now or
    /// later: read back with `range`.
    /// @errors taken (one of the seqs exists: someone else was faster, or an earlier attempt of one's own; or
    /// what `unless` says)
    virtual Task<Result<void>> insert(std::vector<EntryPtr> run, Unless unless, Deadline deadline) = 0;

    /// The committed entries with from <= seq <= to, ascending, at most `limit`, whatever their bucket.
    virtual Task<Result<std::vector<EntryPtr>>> range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                                      Deadline deadline) = 0;

    /// The committed entries that target an entry of `bucket` (edit, delete, react) with seq > after,
    /// ascending. Reflects at least every entry that any call on this object returned or acknowledged before.
    virtual Task<Result<std::vector<EntryPtr>>> targeting(ChannelId channel, Bucket bucket, Seq after,
                                                          Deadline deadline) = 0;

    /// The committed entries at `places`, in any order; places without one are left out. At most a few
    /// hundred places a call, of any channels: what an audit and a list of channels ask.
    virtual Task<Result<std::vector<EntryPtr>>> at(std::vector<Place> places, Deadline deadline) = 0;

    /// Keeps the notes; one whose id is there already stays as it is. Durable on return.
    virtual Task<Result<void>> note_blankings(std::vector<Blanking> notes, Deadline deadline) = 0;

    /// The notes made before `before`, the oldest first, at most `limit`.
    virtual Task<Result<std::vector<Blanking>>> blankings(WallTime before, std::size_t limit,
                                                          Deadline deadline) = 0;

    /// Replaces the stored bodies of `entries` (messages and edits of one channel) by theirs, which are
    /// blanked; committed on return. What was there before is then in none of the store's own files or
    /// indexes, but for logs of replication and backups. Entries that are not there are passed over; may be
    /// repeated.
    virtual Task<Result<void>> blank(std::vector<EntryPtr> entries, Deadline deadline) = 0;

    /// Removes the note, if it is there.
    virtual Task<Result<void>> forget_blanking(EntryId id, Deadline deadline) = 0;

    /// The newest messages of `channels`, at most `limit` and only those before `before`, of which an entry
    /// (itself or an edit) has all the words, or where there are none a word with the prefix: all that have
    /// them in one entry, and perhaps others, whose words are spread over several or were edited away. It may
    /// give fewer than there are, with `more`, where finding them takes long. Reflects every acknowledged
    /// insert. @see ports/entry_words.hpp for what the words of an entry are, docs/storage.md#search
    virtual Task<Result<Hits>> search(std::vector<ChannelId> channels, words::Needles needles,
                                      std::optional<Hit> before, std::size_t limit, Deadline deadline) = 0;

    /// Removes the entries of `bucket`, the oldest first (others see a part of it at most that ends with its
    /// end), and what can be searched of them; committed on return. What was there is then where `blank`
    /// says. May be repeated. Nothing knows afterwards that these seqs were taken: whoever removes sees to
    /// it that nobody can still think one of them to be the next.
    virtual Task<Result<void>> remove_bucket(ChannelId channel, Bucket bucket, Deadline deadline) = 0;
};

}  // namespace warren
