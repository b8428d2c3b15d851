#pragma once
#include "base/metrics.hpp"
#include "chat/limits.hpp"
#include "model/ids.hpp"
#include "ports/block_store.hpp"
#include "ports/cache.hpp"
#include "ports/channel_store.hpp"
#include "ports/clock.hpp"
#include "ports/entry_store.hpp"
#include "ports/member_store.hpp"
#include "ports/message_bus.hpp"
#include "ports/secrets.hpp"
#include "ports/user_store.hpp"

namespace warren::chat {

/// What chat needs from outside; everything outlives the Chat that is given it.
struct Environment {
    EntryStore& entries;
    ChannelStore& channels;
    MemberStore& members;
    UserStore& users;
    BlockStore& blocks;
    MessageBus& bus;
    Clock& clock;
    IdMaker& ids;
    Metrics& metrics;
    NodeId node;
    Limits limits;
    Cache* cache = nullptr;  ///< For pages of history; none: they are read from the store each time.
};

}  // namespace warren::chat
