#pragma once
#include "chat/environment.hpp"
#include "tests/support/unused_ports.hpp"

namespace warren::chat {

/// What a part of chat stands in that touches people and blocks at most, in time as a test sets it.
struct Surroundings {
    testing::HandClock clock;
    IdMaker ids{1};
    Metrics metrics;

    Environment with(UserStore& users = testing::none<UserStore>(),
                     BlockStore& blocks = testing::none<BlockStore>(), Limits limits = {},
                     ChannelStore& channels = testing::none<ChannelStore>()) {
        return {.entries = testing::none<EntryStore>(),
                .channels = channels,
                .members = testing::none<MemberStore>(),
                .users = users,
                .blocks = blocks,
                .bus = testing::none<MessageBus>(),
                .clock = clock,
                .ids = ids,
                .metrics = metrics,
                .node = {},
                .limits = limits};
    }
};

}  // namespace warren::chat
