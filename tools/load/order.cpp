#include "load/order.hpp"

#include <algorithm>

namespace warren::load {

Order::Order(const std::vector<std::vector<std::uint32_t>>& conversations, std::size_t connections)
    : newest_(connections), heard_(conversations.size()) {
    for (std::uint32_t c = 0; c < conversations.size(); ++c) {
        for (const auto member : conversations[c])
            newest_[member].push_back({c, 0});
    }
}

void Order::interrupted(std::uint32_t connection) {
    for (auto& newest : newest_[connection])
        newest.place = 0;
}

bool Order::saw(std::uint32_t connection, std::uint32_t conversation, std::uint64_t place) {
    for (auto& newest : newest_[connection]) {
        if (newest.conversation != conversation) continue;
        if (newest.place != 0 && place <= newest.place) ++repeats_;
        if (newest.place != 0 && place > newest.place + 1) ++gaps_;
        newest.place = std::max(newest.place, place);
        return true;
    }
    return false;
}

}  // namespace warren::load
