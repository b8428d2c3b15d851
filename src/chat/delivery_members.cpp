// Who gets what when a channel's members change, and by which keys a node hears of large channels.
#include <algorithm>

#include "chat/delivery.hpp"
#include "chat/delivery_state.hpp"

namespace warren::chat {

/// What those whom `push` lets in are shown instead: the channel, which their clients do not know yet. The
/// push itself where none of them is here.
Task<Result<PushPtr>> Delivery::welcome_for(PushPtr push, MembershipPtr after, Deadline deadline) {
    const auto seq = push->entry->seq;
    const auto is_new_here = [&](const Standing& s) { return s.from == seq && users_.contains(s.user); };
    if (std::none_of(after->members.begin(), after->members.end(), is_new_here)) co_return push;
    WantedView wanted;
    wanted.document.id = push->entry->channel;
    wanted.state_seq = seq;
    auto viewing = directory_.views({std::move(wanted)}, deadline);
    WARREN_CO_TRY(views, co_await std::move(viewing));
    auto welcome = std::make_shared<Push>();
    welcome->entry = push->entry;
    welcome->view = views.front();
    co_return welcome;
}

/// `deliver` for what changes the members or the channel.
void Delivery::deliver_change(ChannelState& state, const PushPtr& push, const PushPtr& welcome,
                              const Membership& after) {
    const Seq seq = push->entry->seq;
    state.cursor = std::max(state.cursor, seq);
    state.state_seq = seq;
    // A copy: a connection that has to come back is forgotten meanwhile.
    for (auto* local : std::vector<Local*>(state.locals)) {
        const auto* standing = after.find(local->user);
        if (standing && standing->from == seq) {
            welcome_back(*local, state, welcome);
            continue;
        }
        if (!standing && !local->synced) local->except().departed.push_back(state.id);
        push_to(*local, state, push);
    }
    if (state.missed && state.cursor >= state.missed->state_seq) state.missed.reset();
}

/// A client adds a channel for every `group:new`: one that still shows this one reads everything anew.
void Delivery::welcome_back(Local& local, ChannelState& state, const PushPtr& welcome) {
    if (local.exceptions && !local.synced) {
        const auto& gone = local.exceptions->departed;
        if (std::find(gone.begin(), gone.end(), state.id) != gone.end()) return may_have_missed(local, {});
    }
    push_to(local, state, welcome);
}

void Delivery::rebuild(ChannelState& state, const Membership& members) {
    for (auto* local : std::vector<Local*>(state.locals)) {
        if (!members.find(local->user)) remove_local(state, *local);
    }
    for (const auto& standing : members.members) {
        const auto user = users_.find(standing.user);
        if (user == users_.end()) continue;
        for (auto* local : user->second->locals)
            add_local(state, *local);
    }
    state.state_seq = members.state_seq;
    state.since_join = members.history == HistoryAccess::since_join;
    bind_if_large(state, members.members.size());
}

void Delivery::bind_if_large(ChannelState& state, std::size_t members) {
    if (state.key_bound || members < env_.limits.large_group_bind) return;
    state.key_bound = true;
    env_.bus.bind(state.id);
    spawn(executor_, "check_when_bound", check_when_bound(state.id));
}

/// What was published before the binding stood came by user keys, or not at all.
Task<void> Delivery::check_when_bound(ChannelId channel) {
    auto standing = env_.bus.barrier(env_.clock.in(env_.limits.store_timeout));
    co_await std::move(standing);
    auto* state = find(channel);
    if (!state) co_return;
    state->check = true;
    start_pump(*state);
}

}  // namespace warren::chat
