#include "adapters/rabbitmq/bus_state.hpp"

#include <algorithm>

namespace warren::rabbitmq {
namespace {

constexpr auto kTellUp = [](BusListener& listener) { listener.on_up(); };
constexpr auto kTellDown = [](BusListener& listener) { listener.on_down(); };

}  // namespace

BusState::BusState(std::size_t connections, Metrics& metrics)
    : published(metrics.counter("warren_bus_published_total", "Publishes written to RabbitMQ.")),
      confirmed(metrics.counter("warren_bus_confirmed_total", "Publishes that RabbitMQ has confirmed.")),
      refused(metrics.counter(
          "warren_bus_publish_failures_total",
          "Publishes that failed: bus away or overloaded, refused, or not confirmed in time.")),
      consumed(metrics.counter("warren_bus_consumed_total", "Messages received from RabbitMQ.")),
      rejected(metrics.counter("warren_bus_rejected_total",
                               "Messages received that are not Warren's, or damaged.")),
      losses(metrics.counter("warren_bus_losses_total", "Times that a connection to RabbitMQ was lost.")),
      queued(
          metrics.gauge("warren_bus_queue_messages", "Messages in this node's queue at the last barrier.")),
      up(metrics.gauge("warren_bus_up", "1 while every connection to RabbitMQ stands.")),
      troubles_(connections, Error(Errc::unavailable, "RabbitMQ is not connected yet.")) {}

bool BusState::all_up() const {
    auto is_up = [](const std::optional<Error>& trouble) { return !trouble; };
    return std::all_of(troubles_.begin(), troubles_.end(), is_up);
}

void BusState::listen(asio::any_io_executor executor, BusListener& listener) {
    const std::scoped_lock lock(mutex_, calling_);
    executor_ = std::move(executor);
    listener_ = &listener;
}

void BusState::silence() {
    {
        const std::lock_guard lock(mutex_);
        executor_.reset();
    }
    const std::lock_guard lock(calling_);
    listener_ = nullptr;
}

void BusState::set_up(std::size_t index) {
    const std::lock_guard lock(mutex_);
    const bool was_up = all_up();
    troubles_[index].reset();
    if (was_up || !all_up()) return;
    up.Set(1);
    post(kTellUp);
}

void BusState::set_down(std::size_t index, Error why) {
    const std::lock_guard lock(mutex_);
    const bool was_up = all_up();
    if (!troubles_[index]) losses.Increment();
    troubles_[index] = std::move(why);
    if (!was_up) return;
    up.Set(0);
    post(kTellDown);
}

std::optional<Error> BusState::trouble() const {
    const std::lock_guard lock(mutex_);
    for (const auto& trouble : troubles_)
        if (trouble) return trouble;
    return std::nullopt;
}

}  // namespace warren::rabbitmq
