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
    if (keys.empty() || !bus_is_up_) return;
    if (notices_in_flight_ >= kInFlightMax) return notices_dropped_.Increment();
    NoticeAnnounced announced{env_.node, std::make_shared<const Notice>(std::move(notice)), std::move(to)};
    ++notices_in_flight_;
    spawn(executor_, "notice", publish_notice(std::move(announced), std::move(keys)));
}

Task<void> Delivery::publish_notice(NoticeAnnounced announced, std::vector<BusKey> keys) {
    BusMessage message = std::move(announced);
    auto publishing =
        env_.bus.publish(std::move(keys), std::move(message), env_.clock.in(env_.limits.store_timeout));
    const auto published = co_await std::move(publishing);
    --notices_in_flight_;
    if (published.has_error()) notices_dropped_.Increment();
}

void Delivery::show(const Notice& notice, const std::vector<UserId>& to) {
    auto* state = find(channel_of(notice));
    // While entries are caught up with, the members known here are of long ago.
    if (!state || state->missed || state->state_seq == ChannelState::kUnknown) return;
    auto push = std::make_shared<NoticePush>();
    push->notice = notice;
    for (auto* local : state->locals) {
        if (to.empty() || contains(to, local->user)) show_to(*local, *state, push);
    }
}

void Delivery::show_to(Local& local, ChannelState& state, const NoticePushPtr& push) {
    if (!local.active || contains(local.silent, state.id)) return;
    if (local.holds == 0) {
        notices_.Increment();
        return local.subscriber->notice(push);
    }
    if (local.held_notices.size() >= kHeldNoticesMax) return notices_dropped_.Increment();
    local.held_notices.emplace_back(state.id, push);
}

/// What was held back follows, where its channel is still the client's to see.
void Delivery::flush_notices(Local& local) {
    const auto held = std::exchange(local.held_notices, {});
    for (const auto& [channel, push] : held) {
        auto* state = find(channel);
        if (state && contains(local.channels, state)) show_to(local, *state, push);
    }
}

}  // namespace warren::chat
