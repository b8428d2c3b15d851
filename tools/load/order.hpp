#pragma once
#include <cstdint>
#include <vector>

namespace warren::load {

/// Checks that each connection gets the messages of its conversations in one order, once and without gaps.
/// Memory: 16 bytes for each conversation of each connection.
class Order {
public:
    Order(const std::vector<std::vector<std::uint32_t>>& conversations, std::size_t connections);

    /// It was away: what it gets next may have any place.
    void interrupted(std::uint32_t connection);
    /// `connection` got the message at `place` (1, 2, ...) of `conversation`. False where it is in no such
    /// one.
    bool saw(std::uint32_t connection, std::uint32_t conversation, std::uint64_t place);
    /// The next place of a conversation whose server gives none. Two who send at the same time may be heard
    /// in either order, but in the same one by everybody: a message's place is the one at which it is heard
    /// first.
    std::uint32_t next_place(std::uint32_t conversation) { return ++heard_[conversation]; }

    std::uint64_t gaps() const { return gaps_; }
    std::uint64_t repeats() const { return repeats_; }

private:
    struct Newest {
        std::uint32_t conversation;
        std::uint64_t place;  ///< 0: any may come.
    };
    std::vector<std::vector<Newest>> newest_;  ///< By connection.
    std::vector<std::uint32_t> heard_;         ///< By conversation.
    std::uint64_t gaps_ = 0, repeats_ = 0;
};

}  // namespace warren::load
