#include "adapters/rabbitmq/rabbit_bus.hpp"

#include <algorithm>
#include <map>

#include "adapters/rabbitmq/broker_check.hpp"
#include "adapters/rabbitmq/consumer.hpp"
#include "adapters/rabbitmq/partition_map.hpp"
#include "adapters/rabbitmq/publisher.hpp"
#include "base/offload.hpp"

namespace warren {

using namespace rabbitmq;

namespace {

using Addresses = std::vector<std::vector<BrokerAddress>>;

Result<Addresses> parse_addresses(const RabbitOptions& options) {
    if (options.partitions.empty()) return Error(Errc::invalid, "RabbitMQ needs at least one partition.");
    Addresses partitions;
    for (const auto& urls : options.partitions) {
        if (urls.empty()) return Error(Errc::invalid, "Every RabbitMQ partition needs at least one URL.");
        auto& addresses = partitions.emplace_back();
        for (const auto& url : urls) {
            WARREN_TRY(address, parse_broker_url(url));
            addresses.push_back(std::move(address));
        }
    }
    return partitions;
}

Result<void> check_options(const RabbitOptions& options) {
    if (options.prefetch == 0) return Error(Errc::invalid, "RabbitMQ's prefetch must be at least 1.");
    if (options.heartbeat.count() < 1 || options.heartbeat.count() > 3600)
        return Error(Errc::invalid, "RabbitMQ's heartbeat must be between a second and an hour.");
    if (options.exchange_prefix.empty() || options.exchange_prefix.size() > 200)
        return Error(Errc::invalid, "RabbitMQ's exchange prefix must have 1 to 200 characters.");
    return {};
}

}  // namespace

struct RabbitBus::Impl {
    struct Partition {
        std::unique_ptr<Publisher> publisher;
        std::unique_ptr<Consumer> consumer;
    };

    Impl(RabbitOptions o, Addresses a, Metrics& metrics)
        : options(std::move(o)),
          addresses(std::move(a)),
          map_hash(hash_partition_map(addresses)),
          state(std::make_shared<BusState>(2 * addresses.size(), metrics)) {
        for (std::size_t i = 0; i < addresses.size(); ++i)
            partitions.push_back(make_partition(i));
    }

    std::string exchange(std::size_t i) const { return options.exchange_prefix + '.' + std::to_string(i); }
    std::string control_exchange(std::size_t i) const {
        return i == 0 ? options.exchange_prefix + ".control" : std::string();
    }
    BrokerThread::Options thread_options(std::size_t i, bool publishes) const {
        BrokerThread::Options out;
        out.name = (publishes ? "publish-" : "consume-") + std::to_string(i);
        out.index = 2 * i + (publishes ? 0 : 1);
        out.addresses = addresses[i];
        out.link.client_name = options.node_name + (publishes ? " publishes" : " consumes");
        out.link.timeout = options.call_timeout;
        out.link.heartbeat = options.heartbeat;
        out.pause_max = options.pause_max;
        return out;
    }
    Partition make_partition(std::size_t i) const {
        Publisher::Limits publisher_limits;
        publisher_limits.bytes_max = options.publish_bytes_max;
        const Consumer::Limits consumer_limits{options.queue_bytes_max, options.prefetch};
        return {std::make_unique<Publisher>(thread_options(i, true), state, exchange(i), control_exchange(i),
                                            publisher_limits),
                std::make_unique<Consumer>(thread_options(i, false), state, exchange(i), control_exchange(i),
                                           consumer_limits)};
    }
    Partition& of(const std::string& key) { return partitions[partition_of(key, partitions.size())]; }

    /// What one publish makes: a message per partition touched, or several where it has very many keys.
    std::vector<std::pair<Publisher*, std::vector<std::string>>> split(const std::vector<BusKey>& keys) {
        std::vector<std::vector<std::string>> by_partition(partitions.size());
        for (const auto& key : keys) {
            auto name = routing_key(key);
            by_partition[partition_of(name, partitions.size())].push_back(std::move(name));
        }
        std::vector<std::pair<Publisher*, std::vector<std::string>>> parts;
        for (std::size_t i = 0; i < partitions.size(); ++i) {
            auto& names = by_partition[i];
            for (std::size_t at = 0; at < names.size(); at += kKeysMax) {
                const auto first = names.begin() + static_cast<std::ptrdiff_t>(at);
                const auto count = static_cast<std::ptrdiff_t>(std::min(kKeysMax, names.size() - at));
                parts.emplace_back(partitions[i].publisher.get(),
                                   std::vector<std::string>(first, first + count));
            }
        }
        return parts;
    }

    /// Asks all threads first, so that they end side by side. Publishers last to be waited for, as they
    /// drain.
    void join() {
        for (auto& partition : partitions) {
            partition.publisher->request_stop();
            partition.consumer->request_stop();
        }
        for (auto& partition : partitions) {
            partition.consumer->join();
            partition.publisher->join();
        }
        state->silence();
    }

    Result<void> check(Deadline deadline) const {
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            for (const auto& address : addresses[i]) {
                AmqpLink::Options link;
                link.client_name = options.node_name + " checks";
                link.timeout =
                    std::min(options.call_timeout, deadline.left(std::chrono::steady_clock::now()));
                if (link.timeout.count() == 0) return Error(Errc::timed_out);
                WARREN_TRY_VOID(check_broker(address, link, exchange(i), control_exchange(i)));
            }
        }
        return {};
    }

    const RabbitOptions options;
    const Addresses addresses;
    const std::uint64_t map_hash;
    std::shared_ptr<BusState> state;
    std::vector<Partition> partitions;
    // For what waits: a check, the threads' end.
    Offload offload{1, 16};
};

Result<std::unique_ptr<RabbitBus>> RabbitBus::make(RabbitOptions options, Metrics& metrics) {
    WARREN_TRY_VOID(check_options(options));
    WARREN_TRY(addresses, parse_addresses(options));
    auto impl = std::make_unique<Impl>(std::move(options), std::move(addresses), metrics);
    return std::unique_ptr<RabbitBus>(new RabbitBus(std::move(impl)));
}

RabbitBus::RabbitBus(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RabbitBus::~RabbitBus() {
    impl_->join();
}

Task<Result<void>> RabbitBus::check(Deadline deadline) {
    auto look = [impl = impl_.get(), deadline] { return impl->check(deadline); };
    auto looking = impl_->offload.run(std::move(look));
    co_return co_await std::move(looking);
}

std::optional<Error> RabbitBus::trouble() const {
    return impl_->state->trouble();
}

void RabbitBus::start(asio::any_io_executor executor, BusListener& listener) {
    impl_->state->listen(std::move(executor), listener);
    for (auto& partition : impl_->partitions) {
        partition.publisher->start();
        partition.consumer->start();
    }
}

Task<void> RabbitBus::stop() {
    auto join = [impl = impl_.get()]() -> Result<void> {
        impl->join();
        return {};
    };
    auto joining = impl_->offload.run(std::move(join));
    (void)co_await std::move(joining);
}

void RabbitBus::bind(BusKey key) {
    auto name = routing_key(key);
    impl_->of(name).consumer->bind(std::move(name));
}

void RabbitBus::unbind(BusKey key) {
    auto name = routing_key(key);
    impl_->of(name).consumer->unbind(std::move(name));
}

Task<Result<void>> RabbitBus::barrier(Deadline deadline) {
    if (deadline.passed(std::chrono::steady_clock::now())) co_return Error(Errc::timed_out);
    auto reply = std::make_shared<PendingReply>(impl_->partitions.size(), deadline);
    for (auto& partition : impl_->partitions)
        partition.consumer->barrier(reply);
    auto waiting = PendingReply::wait(std::move(reply));
    co_return co_await std::move(waiting);
}

Task<Result<void>> RabbitBus::publish(std::vector<BusKey> keys, BusMessage message, Deadline deadline) {
    if (deadline.passed(std::chrono::steady_clock::now())) co_return Error(Errc::timed_out);
    const auto body = std::make_shared<const std::string>(encode(message));
    if (body->size() > kBodyBytesMax) co_return Error(Errc::too_large);
    auto parts = impl_->split(keys);
    auto reply = std::make_shared<PendingReply>(parts.size(), deadline);
    for (auto& [publisher, names] : parts) {
        Outgoing part{body, std::move(names), reply};
        if (auto taken = publisher->submit(std::move(part)); !taken) {
            impl_->state->refused.Increment();
            reply->done(std::move(taken));
        }
    }
    auto waiting = PendingReply::wait(std::move(reply));
    co_return co_await std::move(waiting);
}

void RabbitBus::publish_control(ControlMessage message) {
    Outgoing control{std::make_shared<const std::string>(encode(message)), {}, nullptr};
    // Not confirmed: where the bus is away, it is lost, as it would be a moment earlier.
    (void)impl_->partitions.front().publisher->submit(std::move(control));
}

std::uint64_t RabbitBus::partition_map_hash() const {
    return impl_->map_hash;
}

}  // namespace warren
