// Beside the logs: what is told while it happens, and may be lost.
#include <algorithm>

#include "chat/delivery.hpp"
#include "chat/delivery_state.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kInFlightMax = 1'000;

/// None for a notice of no channel.
ChannelId channel_of(const Notice& notice) {
    const auto of = [](const auto& any) {
        if constexpr (requires { any.channel; }) return any.channel;
        return ChannelId();
    };
    return std::visit(of, notice);
}

template <class T>
bool contains(const std::vector<T>& list, const T& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

void Delivery::notify(Notice notice, std::vector<BusKey> keys, std::vector<UserId> to) {
    show(notice, to);
    if (keys.empty()) return;
    publish(NoticeAnnounced{env_.node, std::make_shared<const Notice>(std::move(notice)), std::move(to)},
            std::move(keys));
}

void Delivery::publish(BusMessage message, std::vector<BusKey> keys) {
    if (!bus_is_up_) return;
    if (notices_in_flight_ >= kInFlightMax) return notices_dropped_.Increment();
    ++notices_in_flight_;
    spawn(executor_, "publish", publish_once(std::move(message), std::move(keys)));
}

Task<void> Delivery::publish_once(BusMessage message, std::vector<BusKey> keys) {
    auto publishing =
        env_.bus.publish(std::move(keys), std::move(message), env_.clock.in(env_.limits.store_timeout));
    const auto published = co_await std::move(publishing);
    --notices_in_flight_;
    if (published.has_error()) notices_dropped_.Increment();
}

void Delivery::show(const Notice& notice, const std::vector<UserId>& to) {
    if (const auto* hidden = std::get_if<PresenceNotice>(&notice)) {
        for (auto* observer : observers_)
            observer->on_hidden(hidden->user, to);
        return;
    }
    auto* state = find(channel_of(notice));
    // While entries are caught up with, the members known here are of long ago.
    if (!state || state->missed || state->state_seq == ChannelState::kUnknown) return;
    auto push = std::make_shared<NoticePush>();
    push->notice = notice;
    for (auto* local : state->locals) {
        if (to.empty() || contains(to, local->user)) show_to(*local, state->id, push);
    }
}

void Delivery::tell(const Subscriber& subscriber, const NoticePushPtr& push) {
    const auto at = locals_.find(&subscriber);
    if (at != locals_.end()) show_to(*at->second, ChannelId(), push);
}

void Delivery::show_to(Local& local, ChannelId channel, const NoticePushPtr& push) {
    if (!local.active || local.is_silent(channel)) return;
    if (local.holds == 0) {
        notices_.Increment();
        return local.subscriber->notice(push);
    }
    if (!local.held) local.held = std::make_unique<Held>();
    if (local.held->notices.size() >= kHeldNoticesMax) return notices_dropped_.Increment();
    local.held->notices.emplace_back(channel, push);
}

/// What was held back follows, where its channel is still the client's to see.
void Delivery::flush_notices(Local& local, const Held& held) {
    for (const auto& [channel, push] : held.notices) {
        auto* state = find(channel);
        const bool may_see = channel.is_none() || (state && contains(local.channels, state));
        if (may_see) show_to(local, channel, push);
    }
}

Seq Delivery::state_seq(ChannelId channel) const {
    const auto at = channels_.find(channel);
    const bool known = at != channels_.end() && at->second->state_seq != ChannelState::kUnknown;
    return known ? at->second->state_seq : 0;
}

bool Delivery::is_open(const Subscriber& subscriber) const {
    const auto at = locals_.find(&subscriber);
    return at != locals_.end() && at->second->active;
}

}  // namespace warren::chat
