#include "app/partition_watch.hpp"

namespace warren::app {
namespace {

// Ten beats: a node that has gone without goodbye is forgotten by then.
constexpr std::chrono::seconds kForgottenAfter{10};
constexpr std::size_t kOthersMax = 1000;

}  // namespace

Condition PartitionWatch::condition() const {
    const std::lock_guard lock(mutex_);
    Condition out;
    for (const auto& [node, heard_at] : others_) {
        if (clock_.now() - heard_at > kForgottenAfter || out.state == Condition::State::down) continue;
        const bool is_older = node < self_;
        out.state = is_older ? Condition::State::down : Condition::State::degraded;
        out.reason = "The node with the id " + node.hex() + ", which started " +
                     (is_older ? "earlier" : "later") +
                     ", has other rabbitmq.urls; give all nodes the same list.";
    }
    return out;
}

void PartitionWatch::start(asio::any_io_executor executor, BusListener& listener) {
    listener_ = &listener;
    bus_.start(std::move(executor), *this);
}

void PartitionWatch::on_control(ControlMessage message) {
    if (const auto* beat = std::get_if<Beat>(&message)) {
        const std::lock_guard lock(mutex_);
        if (beat->partition_map_hash == bus_.partition_map_hash())
            others_.erase(beat->node);
        else if (others_.size() < kOthersMax)
            others_[beat->node] = clock_.now();
    } else if (const auto* goodbye = std::get_if<Goodbye>(&message)) {
        const std::lock_guard lock(mutex_);
        others_.erase(goodbye->node);
    }
    listener_->on_control(std::move(message));
}

}  // namespace warren::app
