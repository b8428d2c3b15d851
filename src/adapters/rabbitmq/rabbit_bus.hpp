#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "ports/message_bus.hpp"

namespace warren {

struct RabbitOptions {
    /// One element per partition: the URLs (amqp://user:password@host:5672/vhost) of one broker or broker
    /// cluster, tried in turn. Every node has the same list.
    std::vector<std::vector<std::string>> partitions;
    /// Exchanges are PREFIX.0, PREFIX.1, ... (one per partition, direct) and PREFIX.control (fanout, on
    /// partition 0).
    std::string exchange_prefix = "warren";
    /// What the broker keeps for this node in each partition's queue; beyond it the oldest messages go.
    std::size_t queue_bytes_max = 64u << 20;
    /// Messages of one partition that are handed to the listener and not handled yet, at most.
    std::uint16_t prefetch = 1000;
    /// A broker that is silent for twice as long is lost. At least a second.
    std::chrono::seconds heartbeat{10};
    /// Of connecting, and of each call while a connection is set up.
    std::chrono::milliseconds call_timeout{3000};
    /// Between two rounds of attempts to connect, at most.
    std::chrono::milliseconds pause_max{3000};
    /// Message bodies of one partition that wait for the broker or are not confirmed yet.
    std::size_t publish_bytes_max = 32u << 20;
    /// Named in the broker's list of connections.
    std::string node_name = "warren";
};

/// The bus over RabbitMQ: in every partition an exclusive queue of this node's own, which goes by itself with
/// its bindings when the node dies. Two AMQP connections per partition, each with a thread of its own: one
/// publishes with confirms, one binds and consumes. The bus is up while all of them are. `publish` resolves
/// with the broker's confirm; while a partition's broker is away it fails at once with `unavailable`, and so
/// does what was not confirmed when the broker was lost, whose outcome is unknown. A node's own messages come
/// back to it where it has bound the key, and a message of keys in several partitions may come once from
/// each. Messages not handled by the listener are bounded by the prefetch here and by bytes in the broker,
/// which then drops the oldest. The executor runs one call at a time. Started at most once. Thread-safe. @see
/// docs/decisions/0010-rabbitmq-io.md
class RabbitBus final : public MessageBus {
public:
    /// @errors invalid (a URL or an option; says which)
    static Result<std::unique_ptr<RabbitBus>> make(RabbitOptions options, Metrics& metrics);
    /// Stops it and waits for its threads, where `stop` has not.
    ~RabbitBus() override;

    /// Tries every address of every partition, in order, with all that a node needs there: sign-in, vhost,
    /// and the permissions to declare, bind, consume and publish. Independent of `start`.
    /// @errors unavailable (no answer, wait and try again), timed_out; unauthenticated, not_found, forbidden,
    /// conflict (the message says what to mend)
    Task<Result<void>> check(Deadline deadline);
    /// Why the bus is not up, for health and `/readyz`; nothing while it is.
    std::optional<Error> trouble() const;

    void start(asio::any_io_executor executor, BusListener& listener) override;
    /// What was accepted is still published, for at most two seconds.
    Task<void> stop() override;
    void bind(BusKey key) override;
    void unbind(BusKey key) override;
    Task<Result<void>> barrier(Deadline deadline) override;
    /// @errors too_large (an entry over 1 MiB: announce its head instead), and as MessageBus
    Task<Result<void>> publish(std::vector<BusKey> keys, BusMessage message, Deadline deadline) override;
    void publish_control(ControlMessage message) override;
    std::uint64_t partition_map_hash() const override;

private:
    struct Impl;
    explicit RabbitBus(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace warren
