#include "adapters/local_bus/local_bus.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <mutex>
#include <optional>
#include <set>

namespace warren {

/// One node on the hub. Its listener is called with `mutex_` held, so that no call outlives `stop`; the keys
/// are the hub's to guard.
class LocalBus::Endpoint : public std::enable_shared_from_this<Endpoint> {
public:
    void start(asio::any_io_executor executor, BusListener& listener) {
        const std::lock_guard lock(mutex_);
        executor_ = std::move(executor);
        listener_ = &listener;
    }
    void stop() {
        const std::lock_guard lock(mutex_);
        listener_ = nullptr;
    }
    bool is_started() {
        const std::lock_guard lock(mutex_);
        return listener_ != nullptr;
    }
    /// Calls `f(listener)` on the executor, unless stopped before.
    template <class F>
    void call(F f) {
        std::optional<asio::any_io_executor> executor;
        {
            const std::lock_guard lock(mutex_);
            if (listener_) executor = executor_;
        }
        if (!executor) return;
        auto job = [self = shared_from_this(), f = std::move(f)] {
            const std::lock_guard lock(self->mutex_);
            if (self->listener_) f(*self->listener_);
        };
        asio::post(*executor, std::move(job));
    }

    std::set<BusKey> keys;

private:
    // A listener may publish or ask for the bus from within a call.
    std::recursive_mutex mutex_;
    asio::any_io_executor executor_;
    BusListener* listener_ = nullptr;
};

class LocalHub {
public:
    void join(std::shared_ptr<LocalBus::Endpoint> endpoint) {
        const std::lock_guard lock(mutex_);
        endpoints_.push_back(std::move(endpoint));
    }
    void leave(const std::shared_ptr<LocalBus::Endpoint>& endpoint) {
        const std::lock_guard lock(mutex_);
        std::erase(endpoints_, endpoint);
    }
    void bind(LocalBus::Endpoint& endpoint, const BusKey& key) {
        const std::lock_guard lock(mutex_);
        endpoint.keys.insert(key);
    }
    void unbind(LocalBus::Endpoint& endpoint, const BusKey& key) {
        const std::lock_guard lock(mutex_);
        endpoint.keys.erase(key);
    }
    void publish(const LocalBus::Endpoint& from, const std::vector<BusKey>& keys, const BusMessage& message) {
        auto deliver = [message](BusListener& listener) { listener.on_message(message); };
        for (const auto& endpoint : others(from, keys))
            endpoint->call(deliver);
    }
    void publish_control(const ControlMessage& message) {
        auto deliver = [message](BusListener& listener) { listener.on_control(message); };
        const auto all = endpoints();
        for (const auto& endpoint : all)
            endpoint->call(deliver);
    }

private:
    std::vector<std::shared_ptr<LocalBus::Endpoint>> endpoints() {
        const std::lock_guard lock(mutex_);
        return endpoints_;
    }
    std::vector<std::shared_ptr<LocalBus::Endpoint>> others(const LocalBus::Endpoint& from,
                                                            const std::vector<BusKey>& keys) {
        const std::lock_guard lock(mutex_);
        std::vector<std::shared_ptr<LocalBus::Endpoint>> found;
        for (const auto& endpoint : endpoints_) {
            auto is_bound = [&endpoint](const BusKey& key) { return endpoint->keys.contains(key); };
            if (endpoint.get() != &from && std::any_of(keys.begin(), keys.end(), is_bound))
                found.push_back(endpoint);
        }
        return found;
    }

    std::mutex mutex_;
    std::vector<std::shared_ptr<LocalBus::Endpoint>> endpoints_;
};

std::shared_ptr<LocalHub> LocalBus::make_hub() {
    return std::make_shared<LocalHub>();
}

LocalBus::LocalBus() : LocalBus(make_hub()) {}

LocalBus::LocalBus(std::shared_ptr<LocalHub> hub)
    : hub_(std::move(hub)), endpoint_(std::make_shared<Endpoint>()) {}

LocalBus::~LocalBus() {
    endpoint_->stop();
    hub_->leave(endpoint_);
}

void LocalBus::start(asio::any_io_executor executor, BusListener& listener) {
    endpoint_->start(std::move(executor), listener);
    hub_->join(endpoint_);
    auto tell = [](BusListener& told) { told.on_up(); };
    endpoint_->call(tell);
}

Task<void> LocalBus::stop() {
    endpoint_->stop();
    hub_->leave(endpoint_);
    co_return;
}

void LocalBus::bind(BusKey key) {
    hub_->bind(*endpoint_, key);
}

void LocalBus::unbind(BusKey key) {
    hub_->unbind(*endpoint_, key);
}

Task<Result<void>> LocalBus::barrier(Deadline) {
    if (!endpoint_->is_started()) co_return Error(Errc::unavailable);
    co_return Result<void>();
}

Task<Result<void>> LocalBus::publish(std::vector<BusKey> keys, BusMessage message, Deadline) {
    if (!endpoint_->is_started()) co_return Error(Errc::unavailable);
    hub_->publish(*endpoint_, keys, message);
    co_return Result<void>();
}

void LocalBus::publish_control(ControlMessage message) {
    hub_->publish_control(message);
}

}  // namespace warren
