#pragma once
#include <chrono>
#include <list>
#include <map>

#include "base/flat_map.hpp"
#include "base/oneshot.hpp"
#include "chat/environment.hpp"
#include "chat/membership.hpp"

namespace warren::chat {

/// So long after its last use a membership is kept.
inline constexpr std::chrono::seconds kMembershipsKept{30};

/// Who is in which channel, as of any state_seq: a bounded cache over the projections, which it mends from
/// the log where it finds them behind. On the chat executor only. @see docs/storage.md#projections
class Memberships {
public:
    explicit Memberships(Environment& env) : env_(env) {}

    /// Of the channel with this document, as of that entry.
    struct Wanted {
        const Channel* document;
        Seq state_seq;
    };

    /// The membership as of the entry `state_seq` of `channel` (0: empty, no such channel). Reads the
    /// projections if it is not cached, and brings them up to `state_seq` first if they are behind it.
    /// `document`: the channel's, where the caller has read it; it stays until this resolves.
    /// @errors unavailable, timed_out, overloaded
    Task<Result<MembershipPtr>> as_of(ChannelId channel, Seq state_seq, Deadline deadline,
                                      const Channel* document = nullptr);

    /// Reads by one call what `as_of` would read by one for each: of those that are not cached and not being
    /// read, as far as their documents say that their rows are there, and no more than fits one read.
    /// @errors unavailable, timed_out, overloaded
    Task<Result<void>> load_all(std::vector<Wanted> wanted, Deadline deadline);

    /// The membership right after `entry` (kind member or channel), without reading anything where the one
    /// before is cached.
    Task<Result<MembershipPtr>> after(EntryPtr entry, Deadline deadline);

    /// Writes what follows from `entry` (kind member or channel) into the projections and keeps the
    /// membership after it.
    Task<Result<MembershipPtr>> project(EntryPtr entry, Deadline deadline);

    /// The channel's document and rows are those of `state_seq` or later on return.
    Task<Result<void>> bring_up(ChannelId channel, Seq state_seq, Deadline deadline);

    /// Gives up what was not used for kMembershipsKept: of an idle channel nothing is held. Some thousands a
    /// call at most, so that nobody waits for it.
    void forget_unused(SteadyTime now);

private:
    struct Cached {
        MembershipPtr membership;
        std::list<ChannelId>::iterator place;
        SteadyTime used;
    };

    using Waiting = std::list<Oneshot<bool>>;

    MembershipPtr cached(ChannelId channel, Seq state_seq);
    Task<Result<MembershipPtr>> read(ChannelId channel, Seq state_seq, Deadline deadline,
                                     const Channel* given);
    void end_reading(const Place& place);
    void keep(ChannelId channel, MembershipPtr membership);
    void forget_oldest();
    Task<Result<MembershipPtr>> load(ChannelId channel, Seq state_seq, const Channel& document,
                                     Deadline deadline);
    Task<Result<void>> mend(ChannelId channel, Seq from, Seq to, Deadline deadline);

    Environment& env_;
    FlatMap<ChannelId, Cached> cache_;
    std::list<ChannelId> recent_;  // Front: used last.
    std::size_t members_cached_ = 0;
    /// What is being read, and who waits for it: those who come back at once are often of the same channel.
    std::map<Place, Waiting> reading_;
};

}  // namespace warren::chat
