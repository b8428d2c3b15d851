// What a message costs in calls of the store, of the bus, in encodings and in allocations, whatever the
// group's size.
#include <gtest/gtest.h>

#include <unordered_set>

#include "base/log.hpp"
#include "bench/budget/allocations.hpp"
#include "bench/group.hpp"

namespace warren::bench {
namespace {

/// What one message cost.
struct Cost {
    std::size_t inserts = 0, reads = 0, encodings = 0;
    int publishes = 0;
    std::uint64_t allocations = 0;
};

Cost cost_of_a_message(Group& group) {
    const auto inserts = group.entries().inserts, reads = group.entries().reads;
    const auto publishes = group.bus().publishes;
    const auto wanted = group.ears().front()->pushed + 1;
    const auto allocations = allocations_here();
    group.say();
    Cost cost{.inserts = group.entries().inserts - inserts,
              .reads = group.entries().reads - reads,
              .publishes = group.bus().publishes - publishes,
              .allocations = allocations_here() - allocations};
    // The gateway encodes each different push once.
    std::unordered_set<const chat::Push*> different;
    for (const auto& ear : group.ears()) {
        EXPECT_EQ(ear->pushed, wanted);
        EXPECT_EQ(ear->surprises, 0u);
        different.insert(ear->last.get());
    }
    cost.encodings = different.size();
    return cost;
}

/// The least of several messages: ticks and audits that fall between are not theirs.
Cost least_cost(std::size_t members) {
    Group group(members);
    for (int i = 0; i < 3; ++i)
        group.say();  // Caches fill.
    auto least = cost_of_a_message(group);
    for (int i = 0; i < 20; ++i) {
        const auto cost = cost_of_a_message(group);
        least.inserts = std::min(least.inserts, cost.inserts);
        least.reads = std::min(least.reads, cost.reads);
        least.publishes = std::min(least.publishes, cost.publishes);
        least.allocations = std::min(least.allocations, cost.allocations);
        least.encodings = std::max(least.encodings, cost.encodings);
    }
    return least;
}

TEST(ChatBudget, AMessageCostsTheSameWhateverTheSizeOfItsGroup) {
    log::configure(log::Level::warn, log::Format::text);
    const auto few = least_cost(10), many = least_cost(210);
    EXPECT_EQ(few.inserts, 1U);
    EXPECT_EQ(many.inserts, 1U);
    // A node that knows its head looks the nonce up and reads nothing else.
    EXPECT_LE(few.reads, 1U);
    EXPECT_LE(many.reads, few.reads);
    EXPECT_EQ(few.publishes, 1);
    EXPECT_EQ(many.publishes, 1);
    EXPECT_EQ(few.encodings, 1U);
    EXPECT_EQ(many.encodings, 1U);
    RecordProperty("allocations_10", static_cast<int>(few.allocations));
    RecordProperty("allocations_210", static_cast<int>(many.allocations));
    EXPECT_LE(many.allocations, few.allocations) << "200 further connections";
    std::printf("allocations of one message on the chat thread: %d\n", static_cast<int>(few.allocations));
}

/// How often the database is read by what `act` does, at the least: ticks and audits are not its own.
double least_reads(Group& group, void (Group::*act)()) {
    double least = 1000;
    for (int i = 0; i < 10; ++i) {
        const auto before = group.reads();
        (group.*act)();
        least = std::min(least, group.reads() - before);
    }
    return least;
}

TEST(ChatBudget, WhoComesBackCostsTwoReadsOfTheDatabase) {
    log::configure(log::Level::warn, log::Format::text);
    Group group(10);
    // How far everybody has read, and the message that they came with.
    EXPECT_LE(least_reads(group, &Group::come_back), 2);
}

TEST(ChatBudget, WhoComesFirstCostsTheSameReadsInAnyNumberOfGroups) {
    log::configure(log::Level::warn, log::Format::text);
    Group group(10);
    const auto in_one = least_reads(group, &Group::come_first);
    for (int i = 0; i < 19; ++i)
        group.make_group();
    // Where they are, who else is there, what those are called, how far everybody has read, and what had been
    // counted when they came.
    EXPECT_LE(least_reads(group, &Group::come_first), 5);
    EXPECT_LE(in_one, 5);
}

TEST(ChatBudget, APageToWhichNothingCameCostsNoReadOfTheDatabase) {
    log::configure(log::Level::warn, log::Format::text);
    Group group(2);
    group.say();
    EXPECT_EQ(least_reads(group, &Group::look), 0);
}

}  // namespace
}  // namespace warren::bench
