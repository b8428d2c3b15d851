#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/deadline.hpp"
#include "model/entry.hpp"
#include "ports/entry_store.hpp"

namespace warren::simulation {

/// An entry that was pushed live.
struct Pushed {
    EntryPtr entry;
    /// Whether it was shown as a new channel; nothing where a test does not say.
    std::optional<bool> as_channel = std::nullopt;
};
/// What a sync said of one channel that was asked for.
struct SyncedPart {
    Seq known = 0;  ///< As the client asked.
    std::vector<EntryPtr> entries;
    Seq head = 0;
    Seq first_seq = 1;
    bool limited = false;
};
struct Synced {
    std::map<ChannelId, SyncedPart> channels;
    std::map<ChannelId, Seq> joined;
    std::vector<ChannelId> left;
};
/// An answer that shows whole channels and replaces what the client had.
struct Paged {
    struct Page {
        Seq head = 0;
        std::vector<EntryPtr> messages;  ///< The newest.
    };
    std::map<ChannelId, Page> channels;
    std::map<ChannelId, Seq> committed;  ///< The heads of all channels when it was given.
};
/// A page of history of one channel: the messages with from <= seq <= to.
struct ReadBack {
    ChannelId channel;
    Seq head = 0;
    Seq from = 0;
    Seq to = 0;
    std::vector<EntryPtr> messages;
};
/// Told that these channels may have missed something.
struct Resync {
    std::vector<ChannelId> channels;
};
using Happened = std::variant<Pushed, Synced, Paged, ReadBack, Resync>;

/// What one connection saw, in order.
struct ConnectionRecord {
    std::string name;
    UserId user;
    std::map<ChannelId, Seq> heads_at_opening;  ///< What was committed when the connection stood.
    std::size_t first_calm = 0;  ///< The first of History::calms that begins after its opening.
    bool live = true;            ///< Still open at the end.
    std::vector<Happened> events;
    /// Messages whose text an answer showed that was asked for after anybody had been told of their delete.
    std::vector<Place> deleted_shown;
    /// Of them, those until the end of each calm; nothing where it was not open then.
    std::vector<std::optional<std::size_t>> events_by_calm;
};

struct Acknowledged {
    ChannelId channel;
    UserId sender;
    std::string nonce;
    Seq seq = 0;
    EntryId id;
};
/// A channel that was acknowledged as made, now or before; the same origin makes it once.
struct Made {
    std::string origin;
    ChannelId channel;
};
/// A message that was refused since its sender was said not to be in the channel.
struct Refused {
    ChannelId channel;
    UserId sender;
    Seq shown = 0;  ///< The newest entry that the same node had shown the sender when they sent it.
    Seq head = 0;   ///< The newest committed entry when the answer came.
};

/// Stays that are in the log but in no projection, and that nobody was told of, since the node that wrote
/// them died: (channel, the entry that let them in). They are there once the author asks again, or anybody
/// reads the channel.
using Orphans = std::set<Place>;

/// Ten seconds without faults, in which everything that can be noticed has to heal.
struct Calm {
    std::map<ChannelId, Seq> heads_before;  ///< Committed when it began ...
    std::map<ChannelId, Seq> heads_after;   ///< ... and when it ended.
    Orphans orphans;                        ///< When it ended.
};

/// A run of a world as its clients saw it, and the logs that it left.
struct History {
    std::map<ChannelId, std::vector<EntryPtr>> logs;  ///< Committed, by seq; also what was removed.
    /// Where they begin, once retention took something from them, and the seqs that are stored.
    std::map<ChannelId, Seq> starts;
    std::map<ChannelId, std::set<Seq>> stored;
    std::vector<Calm> calms;
    Orphans orphans;
    /// What stood in the places of `logs` that are blanked by now.
    std::map<Place, EntryPtr> originals;
    std::map<Place, SteadyTime> deleted;  ///< When anybody was first told of a delete.
    std::vector<Place>
        unblanked_at_ack;         ///< Text that was still in the store when its delete was acknowledged.
    bool always_fresh = false;    ///< The store never answered with an older state.
    bool all_noticeable = false;  ///< No fault was of a kind that nobody can notice.
    std::vector<Acknowledged> acknowledged;
    std::vector<Made> made;
    std::vector<Refused> refused;
    std::vector<std::string> surprises;  ///< Answers that no client should ever get.
    std::vector<ConnectionRecord> connections;
};

}  // namespace warren::simulation
