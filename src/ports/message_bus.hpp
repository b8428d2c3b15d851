#pragma once
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "model/entry.hpp"
#include "model/notice.hpp"

namespace warren {

/// Where a person's presence is told: bound where somebody watches it.
struct WatchKey {
    UserId user;
    friend auto operator<=>(const WatchKey&, const WatchKey&) = default;
};
/// What a node binds to receive: everything for one person, everything of one (large) channel, or somebody's
/// presence.
using BusKey = std::variant<UserId, ChannelId, WatchKey>;

/// An entry that was appended, for the nodes where members are connected.
struct EntryAnnounced {
    EntryPtr entry;
};
/// A head that was appended some time ago: its own announcement may have been lost.
struct HeadAnnounced {
    ChannelId channel;
    Seq seq = 0;
};
/// Something that happens beside the logs.
struct NoticeAnnounced {
    NodeId from;
    NoticePtr notice;
    /// Whose connections are shown it; none: those of all members of its channel.
    std::vector<UserId> to;
};
/// Who is connected to a node, or no longer; an `online` holds for `ttl`.
struct PresenceTold {
    NodeId from;
    std::chrono::milliseconds ttl{0};
    std::vector<PresenceNotice> people;
};
/// Nodes to which any of these people are connected tell their presence.
struct PresenceAsked {
    NodeId from;
    std::vector<UserId> users;
};
/// As many people as one notice or presence message may name.
inline constexpr std::size_t kNamedMax = 1'000;
using BusMessage = std::variant<EntryAnnounced, HeadAnnounced, NoticeAnnounced, PresenceTold, PresenceAsked>;

/// A node's sign of life, every second on the control exchange. Numbers are consecutive from 1 per node life.
struct Beat {
    NodeId node;
    std::uint64_t number = 0;
    std::uint64_t partition_map_hash = 0;
};
/// The last message of a node that stops in good order.
struct Goodbye {
    NodeId node;
};
/// End every connection of this person.
struct SignedOut {
    UserId user;
};
/// Announcements were lost that can no longer be named: audit everything.
struct AuditAll {
    NodeId node;
};
using ControlMessage = std::variant<Beat, Goodbye, SignedOut, AuditAll>;

/// Receives from the bus, on the executor given to `MessageBus::start`.
class BusListener {
public:
    virtual ~BusListener() = default;
    virtual void on_message(BusMessage message) = 0;
    virtual void on_control(ControlMessage message) = 0;
    /// The bus went away; bindings and messages may be lost from here on.
    virtual void on_down() = 0;
    /// The bus is back, every binding asked for stands again: whatever came in between was missed.
    virtual void on_up() = 0;
};

/// Carries announcements between nodes: hints, never the truth (the log is). May lose, repeat, delay and
/// reorder messages; `on_down`/`on_up` tell of losses that can be noticed. Thread-safe. Contract:
/// tests/contract/message_bus_contract.hpp  @see docs/decisions
class MessageBus {
public:
    virtual ~MessageBus() = default;

    /// Begins to connect, and to connect again for ever: down until the first `on_up`. Calls `listener` on
    /// `executor` until `stop` returns.
    virtual void start(asio::any_io_executor executor, BusListener& listener) = 0;
    virtual Task<void> stop() = 0;

    /// Asks for messages under `key` from now on; remembered and repeated after every reconnection. Not
    /// counted: a second bind is the same binding. Returns at once; `barrier` tells when it stands.
    virtual void bind(BusKey key) = 0;
    virtual void unbind(BusKey key) = 0;
    /// Resolves once every bind before it stands. @errors unavailable (the bus is away; on_up will follow)
    virtual Task<Result<void>> barrier(Deadline deadline) = 0;

    /// One message to every node that has bound any of `keys`, one copy each. Resolves once the broker has
    /// taken responsibility (which does not mean delivered). @errors unavailable, timed_out, overloaded
    virtual Task<Result<void>> publish(std::vector<BusKey> keys, BusMessage message, Deadline deadline) = 0;
    /// To every node, this one included. Not confirmed.
    virtual void publish_control(ControlMessage message) = 0;
    /// Tells apart nodes whose partitions differ; carried in beats.
    virtual std::uint64_t partition_map_hash() const = 0;
};

}  // namespace warren
