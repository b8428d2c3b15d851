#pragma once
#include <optional>
#include <unordered_map>

#include "chat/environment.hpp"

namespace warren::chat {

/// The other nodes by their beats: a beat missing too long, or a skipped number, means that announcements may
/// have been lost. Pure but for the clock's readings that it is given.
class Peers {
public:
    explicit Peers(std::chrono::seconds lost_after) : lost_after_(lost_after) {}

    /// Takes a beat; whether it tells of a loss.
    bool on_beat(const Beat& beat, SteadyTime now);
    /// The peer stops in good order: it lost nothing and will be missed by nobody.
    void on_goodbye(NodeId node) { peers_.erase(node); }
    /// Forgets the peers that have been silent too long; whether there was one.
    bool lose_silent(SteadyTime now);
    /// The bus is back: what was not heard until now proves nothing about the peers. They are still expected,
    /// since one that is cut off itself may store entries and die before it is heard again.
    void begin_anew(SteadyTime now);
    std::size_t count() const { return peers_.size(); }

private:
    struct Peer {
        std::optional<std::uint64_t> number;  ///< None: any may come next.
        SteadyTime heard_at{};
    };
    std::chrono::seconds lost_after_;
    std::unordered_map<NodeId, Peer> peers_;
};

}  // namespace warren::chat
