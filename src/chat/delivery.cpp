// Connections: who is here, what is held for them, what they may have missed.
#include "chat/delivery.hpp"

#include <algorithm>

#include "chat/delivery_state.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr std::chrono::seconds kUnusedKept{30};

template <class T>
bool contains(const std::vector<T>& list, const T& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

template <class T>
void swap_erase(std::vector<T>& list, const T& item) {
    const auto at = std::find(list.begin(), list.end(), item);
    if (at == list.end()) return;
    *at = list.back();
    list.pop_back();
}

std::size_t cost_of(const Push& push) {
    const auto& body = push.entry->body;
    const auto* message = std::get_if<MessageBody>(&body);
    const auto* edit = std::get_if<EditBody>(&body);
    return sizeof(Entry) + (message ? message->text.size() + message->data.size() : 0) +
           (edit ? edit->text.size() : 0);
}

}  // namespace

Delivery::Delivery(asio::any_io_executor executor, Environment& env, Memberships& memberships,
                   Directory& directory, ChannelLog& log, Deletions& deletions)
    : executor_(executor),
      env_(env),
      memberships_(memberships),
      directory_(directory),
      log_(log),
      deletions_(deletions),
      announcer_(executor, env, memberships),
      peers_(env.limits.beat_lost_after),
      delivered_(env.metrics.counter("warren_deliveries_total", "Entries queued to connections.")),
      repeats_(
          env.metrics.counter("warren_delivery_repeats_total", "Entries that had been delivered before.")),
      gaps_(env.metrics.counter("warren_delivery_gaps_total", "Times that a missing entry had to be read.")),
      audits_(env.metrics.counter("warren_audits_total", "Rounds of comparing cursors with the store.")),
      found_by_audit_(env.metrics.counter("warren_audit_found_total", "Channels found behind by an audit.")),
      resyncs_(env.metrics.counter("warren_resyncs_total",
                                   "Connections told that they may have missed something.")),
      notices_(env.metrics.counter("warren_notices_total",
                                   "Receipts, typing and the like queued to connections.")),
      notices_dropped_(env.metrics.counter("warren_notices_dropped_total",
                                           "Receipts, typing and the like that found no room.")) {}

Delivery::~Delivery() = default;

void Delivery::start() {
    ticked_at_ = beat_due_ = env_.clock.now();
    env_.bus.start(executor_, *this);
    spawn(executor_, "tick", tick_for_ever());
    spawn(executor_, "audit", audit_for_ever());
}

Task<void> Delivery::stop() {
    stopping_ = true;
    env_.bus.publish_control(Goodbye{env_.node});
    auto stopping = env_.bus.stop();
    co_await std::move(stopping);
}

Task<Result<void>> Delivery::connect(std::shared_ptr<Subscriber> subscriber, Deadline deadline) {
    auto owned = std::make_unique<Local>();
    const auto* key = subscriber.get();
    owned->subscriber = subscriber;
    owned->user = subscriber->user();
    attach(*owned);
    locals_[key] = std::move(owned);
    ++connecting_;
    // Open only once announcements come: what is appended later is pushed. While the bus is away connections
    // are served all the same: audits deliver, more slowly.
    if (on(Rule::wait_for_bindings)) {
        auto standing = env_.bus.barrier(deadline);
        co_await std::move(standing);
    }
    auto reading = stays_of(subscriber->user(), deadline);
    const auto stays = co_await std::move(reading);
    Result<void> done;
    if (stays.has_error()) {
        done = stays.error();
    } else {
        auto loading = load_members_of_new(*stays, deadline);
        done = co_await std::move(loading);
    }
    if (const auto at = locals_.find(key); stays && at != locals_.end())
        at->second->channels.reserve(stays->current.size());
    for (std::size_t i = 0; done.has_value() && i < stays->current.size(); ++i) {
        const auto at = locals_.find(key);
        if (at == locals_.end()) break;
        auto joining = join(*at->second, stays->current[i], deadline);
        done = co_await std::move(joining);
    }
    if (--connecting_ == 0) early_.clear();
    const auto at = locals_.find(key);
    if (at == locals_.end()) co_return Error(Errc::unavailable);
    if (done.has_error()) {
        forget(*at->second);
        co_return done;
    }
    auto& local = *at->second;
    local.active = true;
    local.opening = true;
    ++local.holds;
    opening_.emplace_back(env_.clock.now() + env_.limits.opening_hold, subscriber);
    for (auto* observer : observers_)
        observer->on_opened(*subscriber);
    co_return Result<void>();
}

Delivery::UserState& Delivery::attach(Local& local) {
    auto& state = users_[local.user];
    if (!state) {
        state = std::make_unique<UserState>();
        env_.bus.bind(local.user);
    }
    state->locals.push_back(&local);
    return *state;
}

void Delivery::detach(Local& local) {
    const auto at = users_.find(local.user);
    swap_erase(at->second->locals, &local);
    if (!at->second->locals.empty()) return;
    // A reload or a second tab finds the key still bound.
    unbinding_.emplace_back(env_.clock.now() + env_.limits.unbind_after, local.user);
}

/// Of the channels in which nobody here is yet, what joining each asks for.
Task<Result<void>> Delivery::load_members_of_new(const Stays& stays, Deadline deadline) {
    std::vector<Memberships::Wanted> wanted;
    for (const auto& stay : stays.current) {
        if (!find(stay.row.channel)) wanted.push_back({&stay.document, stay.head->state_seq});
    }
    return memberships_.load_all(std::move(wanted), deadline);
}

/// Makes `local` one of the channel's, at a cursor from which it misses nothing.
Task<Result<void>> Delivery::join(Local& local, const Stay& stay, Deadline deadline) {
    const auto channel = stay.row.channel;
    const auto* key = local.subscriber.get();
    auto* state = find(channel);
    if (!state) {
        auto finding = memberships_.as_of(channel, stay.head->state_seq, deadline, &stay.document);
        WARREN_CO_TRY(members, co_await std::move(finding));
        if (!locals_.contains(key)) co_return Result<void>();
        state = find(channel);
        // Others here may be in it too, and nothing of it ever reached them.
        if (!state) state = start_missed(channel, members, stay.head->seq);
    }
    if (!state) {
        state = &start_channel(channel, stay.head->seq, stay.head->state_seq);
        state->since_join = stay.document.history == HistoryAccess::since_join;
        bind_if_large(*state, stay.document.member_count);
        if (const auto early = early_.find(channel); early != early_.end()) note_head(channel, early->second);
    }
    bool member = true;
    while (state->state_seq != stay.head->state_seq && state->state_seq != ChannelState::kUnknown) {
        const Seq as_of = state->state_seq;
        auto finding = memberships_.as_of(channel, as_of, deadline);
        WARREN_CO_TRY(members, co_await std::move(finding));
        member = members->find(stay.row.user) != nullptr;
        state = find(channel);
        if (!state) co_return Error(Errc::unavailable);
        if (!locals_.contains(key)) co_return Result<void>();
        if (state->state_seq == as_of) break;
    }
    // Where not a member yet at the cursor, the entry that adds them is still to be delivered.
    if (member && state->state_seq != ChannelState::kUnknown) add_local(*state, local);
    note_head(channel, stay.head->seq);
    co_return Result<void>();
}

void Delivery::add_local(ChannelState& state, Local& local) {
    if (contains(local.channels, &state)) return;
    local.channels.push_back(&state);
    state.locals.push_back(&local);
}

void Delivery::remove_local(ChannelState& state, Local& local) {
    swap_erase(local.channels, &state);
    swap_erase(state.locals, &local);
    note_if_unused(state);
}

/// A channel without local members is kept a while: who comes back soon finds its cursor, and what is still
/// under way to it is not taken for news of an unknown channel.
void Delivery::note_if_unused(ChannelState& state) {
    if (!state.locals.empty() || state.unused) return;
    state.unused = true;
    unused_.emplace_back(env_.clock.now() + kUnusedKept, state.id);
}

void Delivery::erase_unused(SteadyTime now) {
    while (!unused_.empty() && unused_.front().first <= now) {
        auto* state = find(unused_.front().second);
        unused_.pop_front();
        state->unused = false;
        if (state->pumping) note_if_unused(*state);
        if (!state->locals.empty() || state->pumping) continue;
        if (state->key_bound) env_.bus.unbind(state->id);
        channels_.erase(state->id);
    }
}

void Delivery::disconnect(const Subscriber& subscriber) {
    const auto at = locals_.find(&subscriber);
    if (at != locals_.end()) forget(*at->second);
}

void Delivery::forget(Local& local) {
    if (local.active) {
        for (auto* observer : observers_)
            observer->on_closed(*local.subscriber);
    }
    for (auto* state : std::vector<ChannelState*>(local.channels)) {
        remove_local(*state, local);
    }
    detach(local);
    unsynced_.erase(local.subscriber.get());
    // Last: it may hold the only reference to the subscriber.
    const auto owned = std::move(locals_.at(local.subscriber.get()));
    locals_.erase(owned->subscriber.get());
}

void Delivery::hold(const Subscriber& subscriber) {
    if (const auto at = locals_.find(&subscriber); at != locals_.end()) ++at->second->holds;
}

void Delivery::release(const Subscriber& subscriber, const Answered& answered) {
    const auto& covered = answered.covered;
    const auto at = locals_.find(&subscriber);
    if (at == locals_.end()) return;
    auto& local = *at->second;
    --local.holds;
    if (local.opening && answered.ok) {
        local.opening = false;
        --local.holds;
    }
    local.synced = local.synced || answered.synced;
    const auto is_shown = [&](ChannelId channel, Seq seq) {
        const auto current = covered.find(channel);
        const auto past = answered.ended.find(channel);
        return (current != covered.end() && seq <= current->second) ||
               (past != answered.ended.end() && seq <= past->second);
    };
    if (local.held) {
        std::erase_if(local.held->pushes,
                      [&](const PushPtr& push) { return is_shown(push->entry->channel, push->entry->seq); });
        std::erase_if(local.held->dropped,
                      [&](const auto& last) { return is_shown(last.first, last.second); });
    }
    if (auto* exceptions = local.exceptions.get(); exceptions && answered.ok) {
        std::erase_if(exceptions->departed, [&](ChannelId channel) { return !covered.contains(channel); });
        std::erase_if(exceptions->silent, [&](const auto& told) {
            return answered.synced && (covered.contains(told.first) || is_shown(told.first, told.second));
        });
        if (answered.synced && exceptions->silent.empty()) unsynced_.erase(&subscriber);
        if (exceptions->empty() && !unsynced_.contains(&subscriber)) local.exceptions = nullptr;
    }
    for (const auto& [channel, seq] : covered) {
        const auto* state = find(channel);
        if (!state || seq > state->cursor) set_floor(local, channel, seq);
        hear_of(channel, seq);
    }
    for (const auto& [channel, seq] : answered.ended) {
        const auto* state = find(channel);
        if (state && seq > state->cursor) set_floor(local, channel, seq);
    }
    if (local.holds == 0) flush_held(local);
}

void Delivery::set_floor(Local& local, ChannelId channel, Seq seq) {
    if (!on(Rule::hold_during_sync)) return;
    const auto of_channel = [&](const auto& floor) { return floor.first == channel; };
    auto& floors = local.except().floors;
    const auto floor = std::find_if(floors.begin(), floors.end(), of_channel);
    if (floor == floors.end()) {
        floors.emplace_back(channel, seq);
    } else {
        floor->second = std::max(floor->second, seq);
    }
}

/// Whether an answer has shown `entry`. The floor goes once it is reached.
bool Delivery::is_covered(Exceptions& exceptions, const Entry& entry) {
    auto& floors = exceptions.floors;
    const auto of_channel = [&](const auto& floor) { return floor.first == entry.channel; };
    const auto floor = std::find_if(floors.begin(), floors.end(), of_channel);
    if (floor == floors.end()) return false;
    const bool covered = entry.seq <= floor->second;
    if (entry.seq >= floor->second) floors.erase(floor);
    return covered;
}

void Delivery::flush_held(Local& local) {
    const auto held = std::exchange(local.held, nullptr);
    if (!held) return;
    if (!held->dropped.empty()) return may_have_missed(local, {held->dropped.begin(), held->dropped.end()});
    for (const auto& push : held->pushes) {
        if (!local.is_silent(push->entry->channel)) local.subscriber->push(push);
    }
    flush_notices(local, *held);
}

void Delivery::push_to(Local& local, ChannelState& state, const PushPtr& push) {
    if (queue_to(local, state, push)) delivered_.Increment();
}

/// Whether it was: it may be held, or not be for them.
bool Delivery::queue_to(Local& local, ChannelState& state, const PushPtr& push) {
    if (!local.active) return false;
    if (state.missed && push->entry->seq <= state.missed->state_seq) {
        const auto* standing = state.missed->find(local.user);
        if (!standing || push->entry->seq < standing->from) return false;
    }
    if (local.exceptions && is_covered(*local.exceptions, *push->entry)) return false;
    // Also for a silent channel: it may be synced by the answer that is waited for.
    if (local.holds > 0 && on(Rule::hold_during_sync)) {
        hold_push(local, push);
        return false;
    }
    if (local.is_silent(state.id)) return false;
    local.subscriber->push(push);
    return true;
}

void Delivery::hold_push(Local& local, const PushPtr& push) {
    if (!local.held) local.held = std::make_unique<Held>();
    auto& held = *local.held;
    held.bytes += cost_of(*push);
    held.pushes.push_back(push);
    if (held.bytes <= env_.limits.held_bytes_max) return;
    // Also of channels that are left meanwhile: their clients have to learn that.
    for (const auto& dropped : std::exchange(held.pushes, {}))
        held.dropped[dropped->entry->channel] = dropped->entry->seq;
}

void Delivery::may_have_missed(Local& local, const std::vector<std::pair<ChannelId, Seq>>& channels) {
    resyncs_.Increment();
    const auto subscriber = local.subscriber;
    if (!local.synced) {
        forget(local);
        subscriber->reconnect();
        return;
    }
    for (const auto& [channel, head] : channels) {
        if (!local.is_silent(channel)) local.except().silent.emplace_back(channel, head);
    }
    if (unsynced_.insert(subscriber.get()).second) local.except().silent_since = env_.clock.now();
    subscriber->resync(channels);
}

void Delivery::sign_out(UserId user) {
    env_.bus.publish_control(SignedOut{user});
    on_control(SignedOut{user});
}

std::vector<std::shared_ptr<Subscriber>> Delivery::subscribers() const {
    std::vector<std::shared_ptr<Subscriber>> out;
    out.reserve(locals_.size());
    for (const auto& [key, local] : locals_)
        out.push_back(local->subscriber);
    return out;
}

}  // namespace warren::chat
