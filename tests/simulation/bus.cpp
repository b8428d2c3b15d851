#include "tests/simulation/bus.hpp"

#include <algorithm>

namespace warren::simulation {

void Broker::stop() {
    world_.trace("broker: stops");
    is_up_ = false;
    for (auto* bus : buses_)
        bus->disconnect();
}

void Broker::route(const std::vector<BusKey>& keys, const BusMessage& message) {
    for (auto* bus : buses_) {
        if (!bus->has_bound(keys)) continue;
        const auto deliver = [message](BusListener& listener) { listener.on_message(message); };
        if (world_.random().chance(faults_.dropped)) continue;
        bus->enqueue(deliver, false);
        if (world_.random().chance(faults_.repeated)) bus->enqueue(deliver, false);
    }
}

void Broker::route_control(const ControlMessage& message) {
    for (auto* bus : buses_) {
        bus->enqueue([message](BusListener& listener) { listener.on_control(message); }, true);
    }
}

SimBus::SimBus(World& world, const Faults& faults, Broker& broker, Process& process, std::uint64_t number)
    : world_(world), faults_(faults), broker_(broker), process_(process), number_(number) {
    broker_.add(*this);
}

bool SimBus::has_bound(const std::vector<BusKey>& keys) const {
    return std::any_of(keys.begin(), keys.end(), [&](const BusKey& key) { return bound_.contains(key); });
}

Span SimBus::latency() {
    return world_.random().between(Span(100), milliseconds(2));
}

void SimBus::enqueue(std::function<void(BusListener&)> deliver, bool control) {
    if (!connected_ || process_.state == Process::State::dead) return;
    const auto arrived = world_.now();
    auto when = std::max(delivered_by_, arrived + latency());
    if (!control && world_.random().chance(faults_.delayed)) {
        when = arrived + world_.random().between(milliseconds(1), seconds(3));
    } else {
        delivered_by_ = when;
    }
    world_.at(when, &process_, [this, deliver = std::move(deliver), epoch = epoch_, arrived] {
        const bool overflowed = arrived >= dropped_.first && arrived < dropped_.second;
        if (epoch == epoch_ && connected_ && !overflowed) deliver(*listener_);
    });
}

void SimBus::disconnect() {
    if (!connected_) return;
    connected_ = false;
    ++epoch_;
    bound_.clear();
    world_.trace(process_.name + ": bus connection lost");
    const auto notice = [this, epoch = epoch_] {
        if (epoch != epoch_) return;
        listener_->on_down();
        connect_soon();
    };
    world_.after(latency(), &process_, notice);
}

void SimBus::start(asio::any_io_executor, BusListener& listener) {
    listener_ = &listener;
    connect_soon();
}

Task<void> SimBus::stop() {
    connected_ = false;
    broker_.remove(*this);
    co_return;
}

void SimBus::connect_soon() {
    const auto pause = world_.random().between(milliseconds(5), milliseconds(800));
    world_.after(pause, &process_, [this] { try_connect(); });
}

void SimBus::try_connect() {
    if (!broker_.is_up()) return connect_soon();
    // The queue stands, then what was asked for is bound anew, and only then the node hears of it.
    connected_ = true;
    const auto when = world_.now() + latency() + latency();
    for (const auto& key : wanted_)
        bind(key);
    bound_by_ = std::max(bound_by_, when);
    world_.at(bound_by_, &process_, [this, epoch = epoch_] {
        if (epoch == epoch_ && connected_) listener_->on_up();
    });
}

void SimBus::bind(BusKey key) {
    wanted_.insert(key);
    if (!connected_) return;
    auto when = world_.now() + latency();
    if (world_.random().chance(faults_.bind_slow)) {
        when += world_.random().between(milliseconds(0), milliseconds(1500));
    }
    bound_by_ = std::max(bound_by_, when);
    world_.at(bound_by_, nullptr, [this, key, epoch = epoch_] {
        if (epoch == epoch_ && wanted_.contains(key)) bound_.insert(key);
    });
}

void SimBus::unbind(BusKey key) {
    wanted_.erase(key);
    bound_.erase(key);
}

Task<Result<void>> SimBus::barrier(Deadline deadline) {
    auto reply = std::make_shared<Reply<Result<void>>>();
    auto waiting = reply->wait();
    world_.at(deadline.at, &process_, [reply] { reply->set(Error(Errc::timed_out)); });
    const auto when = connected_ ? std::max(bound_by_, world_.now()) + latency() : world_.now() + latency();
    world_.at(when, &process_, [this, reply, epoch = epoch_, connected = connected_] {
        const bool stands = connected && connected_ && epoch == epoch_;
        reply->set(stands ? Result<void>() : Result<void>(Error(Errc::unavailable)));
    });
    return waiting;
}

Task<Result<void>> SimBus::publish(std::vector<BusKey> keys, BusMessage message, Deadline deadline) {
    auto reply = std::make_shared<Reply<Result<void>>>();
    auto waiting = reply->wait();
    world_.at(deadline.at, &process_, [reply] { reply->set(Error(Errc::timed_out)); });
    ++process_.work.publishes;
    process_.work.keys = keys.size();
    const auto arrives = world_.now() + latency();
    const bool fails = !connected_ || world_.random().chance(faults_.publish_fails);
    const bool lies = world_.random().chance(faults_.publish_lies);
    const auto route = [this, keys = std::move(keys), message = std::move(message), reply, fails, lies,
                        epoch = epoch_] {
        const bool taken = !fails && broker_.is_up() && epoch == epoch_;
        if (taken) broker_.route(keys, message);
        if (taken) process_.done();
        const bool confirmed = taken && !lies;
        world_.after(latency(), &process_, [reply, confirmed] {
            reply->set(confirmed ? Result<void>() : Result<void>(Error(Errc::unavailable)));
        });
    };
    world_.at(arrives, nullptr, route);
    return waiting;
}

void SimBus::publish_control(ControlMessage message) {
    if (!connected_) return;
    world_.after(latency(), nullptr, [this, message, epoch = epoch_] {
        if (epoch == epoch_) broker_.route_control(message);
    });
}

}  // namespace warren::simulation
