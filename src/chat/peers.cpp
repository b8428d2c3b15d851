#include "chat/peers.hpp"

#include <algorithm>

namespace warren::chat {

bool Peers::on_beat(const Beat& beat, SteadyTime now) {
    // One's own beats count too: what the broker dropped from one's own queue shows in them.
    auto& peer = peers_[beat.node];
    const bool skipped = peer.number && beat.number > *peer.number + 1;
    peer.number = std::max(peer.number.value_or(0), beat.number);
    peer.heard_at = now;
    return skipped;
}

void Peers::begin_anew(SteadyTime now) {
    for (auto& [node, peer] : peers_)
        peer = {std::nullopt, now};
}

bool Peers::lose_silent(SteadyTime now) {
    return std::erase_if(peers_,
                         [&](const auto& item) { return now - item.second.heard_at > lost_after_; }) != 0;
}

}  // namespace warren::chat
