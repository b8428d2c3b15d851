#include "chat/peers.hpp"

#include <algorithm>

namespace warren::chat {

bool Peers::on_beat(const Beat& beat, SteadyTime now) {
    // One's own beats count too: what the broker dropped from one's own queue shows in them.
    const auto [at, is_new] = peers_.try_emplace(beat.node);
    auto& peer = at->second;
    const bool skipped = !is_new && beat.number > peer.number + 1;
    peer.number = std::max(peer.number, beat.number);
    peer.heard_at = now;
    return skipped;
}

bool Peers::lose_silent(SteadyTime now) {
    return std::erase_if(peers_,
                         [&](const auto& item) { return now - item.second.heard_at > lost_after_; }) != 0;
}

}  // namespace warren::chat
