#include "adapters/rabbitmq/bindings.hpp"

#include <utility>

namespace warren::rabbitmq {

bool Bindings::want(std::string key, bool wanted) {
    const std::lock_guard lock(mutex_);
    auto found = keys_.find(key);
    if (found == keys_.end()) {
        if (!wanted) return false;
        found = keys_.emplace(std::move(key), State{}).first;
    }
    auto& state = found->second;
    state.wanted = wanted;
    if (state.waits || state.wanted == state.bound) return false;
    state.waits = true;
    waiting_.emplace_back(found->first);
    return waiting_.size() == 1;
}

bool Bindings::add_barrier(std::shared_ptr<PendingReply> reply) {
    const std::lock_guard lock(mutex_);
    if (not_standing_) {
        reply->done(*not_standing_);
        return false;
    }
    waiting_.emplace_back(Barrier{std::move(reply)});
    ++barriers_;
    return waiting_.size() == 1;
}

void Bindings::set_standing() {
    const std::lock_guard lock(mutex_);
    not_standing_.reset();
}

std::optional<Bindings::Step> Bindings::next() {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty()) {
        auto first = std::move(waiting_.front());
        waiting_.pop_front();
        if (auto* barrier = std::get_if<Barrier>(&first)) {
            --barriers_;
            return Step(std::move(*barrier));
        }
        const auto found = keys_.find(std::get<std::string>(first));
        auto& state = found->second;
        state.waits = false;
        const bool wanted = state.wanted;
        const bool changes = wanted != state.bound;
        state.bound = wanted;
        if (!wanted) keys_.erase(found);
        if (!changes) continue;
        auto& key = std::get<std::string>(first);
        return wanted ? Step(Bind{std::move(key)}) : Step(Unbind{std::move(key)});
    }
    return std::nullopt;
}

void Bindings::restart(const Error& why) {
    const std::lock_guard lock(mutex_);
    not_standing_ = why;
    for (auto& waiting : waiting_)
        if (auto* barrier = std::get_if<Barrier>(&waiting); barrier && barrier->reply)
            barrier->reply->done(why);
    waiting_.clear();
    std::erase_if(keys_, [](const auto& entry) { return !entry.second.wanted; });
    for (auto& [key, state] : keys_) {
        state.bound = false;
        state.waits = true;
        waiting_.emplace_back(key);
    }
    waiting_.emplace_back(Barrier{});
    barriers_ = 1;
}

void Bindings::expire(std::chrono::steady_clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (barriers_ == 0) return;
    auto is_late = [&](const Waiting& waiting) {
        const auto* barrier = std::get_if<Barrier>(&waiting);
        if (!barrier || !barrier->reply || !barrier->reply->deadline().passed(now)) return false;
        barrier->reply->done(Error(Errc::timed_out, "Bindings at RabbitMQ did not stand in time."));
        --barriers_;
        return true;
    };
    std::erase_if(waiting_, is_late);
}

}  // namespace warren::rabbitmq
