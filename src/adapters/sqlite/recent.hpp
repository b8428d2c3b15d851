#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "base/flat_map.hpp"
#include "base/lately_used.hpp"
#include "base/metrics.hpp"
#include "ports/channel_store.hpp"

namespace warren::adapters::sqlite {

/// Channels and people's rows that were read lately, as they still are: one writer changes the file, and
/// takes from here what its transaction changes before it commits. All that is here at one moment is of one
/// state, the newest that was committed. What is large is not kept. Thread-safe; holds its lock for copying
/// what it gives. @see docs/decisions/0076-what-was-read-lately.md
class Recent {
public:
    /// Of a read: taken before it looked at the database first.
    using Moment = std::uint64_t;

    explicit Recent(Metrics& metrics);

    Moment moment() const;
    /// Each nothing where it is not here.
    std::vector<std::optional<ChannelNow>> channels(const std::vector<ChannelId>& ids);
    /// Nothing unless all of it is here.
    std::optional<Whereabouts> whereabouts(UserId user);
    /// The channels of `rows` that are here, if the rows, which were read since `moment`, are still so.
    FlatMap<ChannelId, ChannelNow> channels_of(Moment moment, UserId user,
                                               const std::vector<MemberRow>& rows);
    /// Keeps what was read since `moment`, unless it was changed meanwhile.
    void keep(Moment moment, ChannelId id, const ChannelNow& channel);
    void keep(Moment moment, UserId user, const std::vector<MemberRow>& rows);

    /// Of the writer, around its commit: what `changes` names is neither here nor kept in between.
    void begin(const Changes& changes);
    void end(const Changes& changes);
    /// Nobody knows what is committed. Reads must have ended, or still see what was committed for good.
    void clear();
    /// What was not used since it was called before goes.
    void give_memory_back();

private:
    /// When something last changed that may be what an id names: several share a number.
    class Changed {
    public:
        template <class AnyId>
        Moment& operator[](const AnyId& id) {
            return at_[std::hash<AnyId>()(id) % at_.size()];
        }

    private:
        std::array<Moment, 4096> at_{};
    };
    static constexpr Moment kNow = std::numeric_limits<Moment>::max();

    void mark(const Changes& changes, Moment at);

    prometheus::Counter& hits_;
    prometheus::Counter& misses_;
    mutable std::mutex mutex_;
    Moment moment_ = 0;
    Changed changed_;
    LatelyUsed<ChannelId, ChannelNow> channels_{2'048};
    LatelyUsed<UserId, std::vector<MemberRow>> rows_{512};
};

}  // namespace warren::adapters::sqlite
