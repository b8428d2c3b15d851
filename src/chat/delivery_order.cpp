// Long because order is one algorithm: cursors, what waits, what is read because it did not come.
#include <algorithm>

#include "base/prefetch.hpp"
#include "chat/delivery.hpp"
#include "chat/delivery_state.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFillEntries = 128;
constexpr int kPumpFailures = 6;
constexpr std::size_t kEarlyMax = 10'000;
constexpr Seq kReplayMax = 128;
constexpr std::chrono::milliseconds kPumpPause{40};
constexpr int kFollowUps = 2;
constexpr int kFollowUpAttempts = 20;
constexpr std::chrono::milliseconds kFollowUpFirst = 500ms;
constexpr std::chrono::milliseconds kFollowUpRetry = 1s;
constexpr std::chrono::milliseconds kFollowUpAgain = 4s;
constexpr std::chrono::milliseconds kFollowUpTimeout = 2s;

}  // namespace

Delivery::ChannelState* Delivery::find(ChannelId channel) {
    const auto at = channels_.find(channel);
    return at == channels_.end() ? nullptr : at->second.get();
}

Delivery::ChannelState& Delivery::start_channel(ChannelId channel, Seq cursor, Seq state_seq) {
    auto& state = channels_[channel];
    state = std::make_unique<ChannelState>();
    state->id = channel;
    state->cursor = cursor;
    state->state_seq = state_seq;
    return *state;
}

void Delivery::on_appended(const std::vector<EntryPtr>& run, MembershipPtr before, MembershipPtr after) {
    announcer_.announce(run, before, after);
    for (const auto& entry : run)
        on_entry(entry);
}

void Delivery::on_repeated(EntryPtr entry) {
    announcer_.remember(entry->channel);
    on_entry(entry);
}

void Delivery::on_unknown(ChannelId channel) {
    if (!on(Rule::follow_up) || !following_up_.insert(channel).second) return;
    spawn(executor_, "follow_up", follow_up(channel));
}

Seq Delivery::shown(ChannelId channel) const {
    const auto at = channels_.find(channel);
    return at == channels_.end() ? 0 : at->second->cursor;
}

/// Looks, soon and once more, for what an append left behind that ended without a known outcome: its author
/// may never ask again.
Task<void> Delivery::follow_up(ChannelId channel) {
    auto pause = kFollowUpFirst;
    int looked = 0;
    for (int attempt = 0; attempt < kFollowUpAttempts && looked < kFollowUps; ++attempt) {
        auto pausing = env_.clock.sleep_until(env_.clock.now() + pause);
        co_await std::move(pausing);
        auto looking = look_after(channel);
        const bool done = co_await std::move(looking);
        if (done) ++looked;
        pause = done ? kFollowUpAgain : kFollowUpRetry;
    }
    following_up_.erase(channel);
}

/// Delivers and announces the channel's head, mends its projections. False: the store does not answer.
Task<bool> Delivery::look_after(ChannelId channel) {
    const auto deadline = env_.clock.in(kFollowUpTimeout);
    auto reading = env_.entries.head(channel, deadline);
    const auto head = co_await std::move(reading);
    if (head.has_error()) co_return false;
    if (!*head) co_return true;
    auto finding = memberships_.as_of(channel, (*head)->state_seq, deadline);
    const auto members = co_await std::move(finding);
    if (members.has_error()) co_return false;
    hear_of(channel, (*head)->seq);
    announcer_.remember(channel);
    co_return true;
}

void Delivery::on_message(BusMessage message) {
    if (const auto* announced = std::get_if<EntryAnnounced>(&message)) {
        log_.on_foreign(announced->entry->channel, announced->entry->seq);
        on_entry(announced->entry);
    } else if (const auto* told = std::get_if<NoticeAnnounced>(&message)) {
        // What is published under a key that is bound here too comes back.
        if (told->from != env_.node) show(*told->notice, told->to);
    } else if (const auto* presence = std::get_if<PresenceTold>(&message)) {
        for (auto* observer : observers_)
            if (presence->from != env_.node) observer->on_presence(*presence);
    } else if (const auto* asked = std::get_if<PresenceAsked>(&message)) {
        for (auto* observer : observers_)
            if (asked->from != env_.node) observer->on_presence(*asked);
    } else {
        const auto& head = std::get<HeadAnnounced>(message);
        log_.on_foreign(head.channel, head.seq);
        hear_of(head.channel, head.seq);
    }
}

/// A channel of somebody here, perhaps, has got as far as `seq`.
void Delivery::hear_of(ChannelId channel, Seq seq) {
    if (find(channel)) return note_head(channel, seq);
    if (users_.empty() || !discovering_.insert(channel).second) return;
    spawn(executor_, "discover", discover(channel, ChannelState::kUnknown, seq));
}

void Delivery::on_entry(const EntryPtr& entry) {
    auto* state = find(entry->channel);
    if (!state) return on_unknown_channel(entry);
    const bool repeats = entry->seq <= state->cursor;
    if (repeats && on(Rule::drop_repeats)) {
        repeats_.Increment();
        return;
    }
    const bool next = repeats || entry->seq == state->cursor + 1 || !on(Rule::wait_for_gaps);
    const bool members_known = entry->state_seq == state->state_seq;
    const bool for_all = !state->since_join || !std::holds_alternative<EditBody>(entry->body);
    if (next && !state->pumping && !entry->changes_state() && members_known && for_all) {
        auto push = std::make_shared<Push>();
        push->entry = entry;
        deliver(*state, push);
        if (state->stash.empty() && state->known <= state->cursor && !state->check) return;
    } else if (state->stash.size() < env_.limits.stashed_per_channel_max) {
        state->stash.emplace(entry->seq, entry);
    }
    state->known = std::max(state->known, entry->seq);
    start_pump(*state);
}

/// Nobody here was in this channel when they connected. It may be new, or its creation was lost on the way.
void Delivery::on_unknown_channel(const EntryPtr& entry) {
    if (users_.empty()) return;
    if (connecting_ > 0) {
        if (early_.size() >= kEarlyMax) {
            early_.clear();
            audit_wanted_ = true;
        }
        auto& seq = early_[entry->channel];
        seq = std::max(seq, entry->seq);
    }
    if (!discovering_.insert(entry->channel).second) return;
    spawn(executor_, "discover", discover(entry->channel, entry->state_seq, entry->seq));
}

/// Starts a channel that somebody connected here is in, right before they came in.
Task<void> Delivery::discover(ChannelId channel, Seq state_seq, Seq seen) {
    const auto deadline = env_.clock.in(env_.limits.store_timeout);
    if (state_seq == ChannelState::kUnknown) {
        auto reading = env_.entries.head(channel, deadline);
        const auto head = co_await std::move(reading);
        if (head.has_error()) audit_wanted_ = true;
        state_seq = head.has_value() && *head ? (*head)->state_seq : 0;
    }
    auto finding = memberships_.as_of(channel, state_seq, deadline);
    const auto members = co_await std::move(finding);
    discovering_.erase(channel);
    if (members.has_error()) {
        // What this should have found is found by an audit, once the store answers again.
        audit_wanted_ = true;
        co_return;
    }
    if (find(channel)) {
        note_head(channel, seen);
        co_return;
    }
    start_missed(channel, *members, seen);
}

/// The first entry of `members`' channel that somebody connected here should have had, if nothing of the
/// channel was ever delivered here; 0 if there is nobody. Those who are connecting right now join by
/// themselves, at the head.
Seq Delivery::missed_from(const Membership& members) const {
    Seq from = 0;
    for (const auto& standing : members.members) {
        const auto user = users_.find(standing.user);
        if (user == users_.end()) continue;
        const auto is_active = [](const Local* local) { return local->active; };
        if (!std::any_of(user->second->locals.begin(), user->second->locals.end(), is_active)) continue;
        from = from == 0 ? standing.from : std::min(from, standing.from);
    }
    return from;
}

/// Starts a channel where `members` say that somebody here is in it; null if nobody is. From where the first
/// of them came in; where that is long ago, at `seen`, and they are told that they may have missed something.
Delivery::ChannelState* Delivery::start_missed(ChannelId channel, MembershipPtr members, Seq seen) {
    const Seq from = missed_from(*members);
    if (from == 0) return nullptr;
    const bool replay = from + kReplayMax > seen;
    auto& state = start_channel(channel, replay ? from - 1 : seen, ChannelState::kUnknown);
    state.check = true;
    state.known = seen;
    state.missed = members;
    bind_if_large(state, members->members.size());
    for (std::size_t i = 0; !replay && i < members->members.size(); ++i)
        attach_missed(state, *members, members->members[i].user);
    start_pump(state);
    return &state;
}

/// Tells the connections of `user` that should have been in the channel, but are not.
void Delivery::attach_missed(ChannelState& state, const Membership& members, UserId user) {
    const auto here = users_.find(user);
    if (here == users_.end() || !members.find(user)) return;
    for (auto* local : std::vector<Local*>(here->second->locals)) {
        if (!local->active ||
            std::find(state.locals.begin(), state.locals.end(), local) != state.locals.end())
            continue;
        add_local(state, *local);
        may_have_missed(*local, {{state.id, state.cursor}});
    }
}

/// `user` is in `channel`, which is known here: so should be each of their connections.
Task<void> Delivery::reconcile(ChannelId channel, UserId user) {
    const auto* state = find(channel);
    if (!state || state->state_seq == ChannelState::kUnknown) co_return;
    const Seq as_of = state->state_seq;
    auto finding = memberships_.as_of(channel, as_of, env_.clock.in(env_.limits.store_timeout));
    const auto members = co_await std::move(finding);
    auto* now = find(channel);
    if (members.has_error() || !now || now->state_seq != as_of) co_return;
    attach_missed(*now, **members, user);
}

void Delivery::note_head(ChannelId channel, Seq seq) {
    auto* state = find(channel);
    if (!state || seq <= state->cursor) return;
    state->known = std::max(state->known, seq);
    start_pump(*state);
}

void Delivery::start_pump(ChannelState& state) {
    if (state.pumping) return;
    state.pumping = true;
    spawn(executor_, "pump", pump(state.id));
}

Task<void> Delivery::pump(ChannelId channel) {
    int failures = 0;
    for (;;) {
        auto stepping = step(channel);
        const auto went_on = co_await std::move(stepping);
        if (went_on.has_value() && !*went_on) break;
        if (went_on.has_value()) {
            failures = 0;
            continue;
        }
        if (++failures == kPumpFailures) {
            // What cannot be read now is found by an audit, once the store answers again.
            audit_wanted_ = true;
            break;
        }
        auto pausing = env_.clock.sleep_until(env_.clock.now() + failures * kPumpPause);
        co_await std::move(pausing);
    }
    auto& state = *find(channel);
    state.pumping = false;
    note_if_unused(state);
}

/// Delivers the next entry, or reads what is missing. False: there is nothing to do.
Task<Result<bool>> Delivery::step(ChannelId channel) {
    auto& state = *find(channel);
    state.stash.erase(state.stash.begin(), state.stash.upper_bound(state.cursor));
    if (!state.stash.empty() && state.stash.begin()->first == state.cursor + 1) {
        const auto entry = state.stash.begin()->second;
        auto delivering = deliver_slowly(channel, entry);
        WARREN_CO_TRY_VOID(co_await std::move(delivering));
        co_return true;
    }
    if (!state.check && state.stash.empty() && state.known <= state.cursor) co_return false;
    auto filling = fill(channel);
    co_return co_await std::move(filling);
}

Task<Result<bool>> Delivery::fill(ChannelId channel) {
    auto& state = *find(channel);
    const bool check = std::exchange(state.check, false);
    if (check) {
        // The head is fresh by contract; a range may not be, and is read until it reaches so far.
        auto asking = env_.entries.head(channel, env_.clock.in(env_.limits.store_timeout));
        const auto head = co_await std::move(asking);
        state.check = head.has_error();
        if (head.has_error()) co_return head.error();
        if (*head) state.known = std::max(state.known, (*head)->seq);
        co_return true;
    }
    const Seq missing = state.cursor + 1;
    auto pausing = env_.clock.sleep_until(env_.clock.now() + env_.limits.gap_wait);
    co_await std::move(pausing);
    if (state.stash.contains(missing)) co_return true;
    gaps_.Increment();
    auto reading = env_.entries.range(channel, missing, missing + kFillEntries - 1, kFillEntries,
                                      env_.clock.in(env_.limits.store_timeout));
    auto found = co_await std::move(reading);
    if (found.has_error()) co_return found.error();
    if (found->empty() && state.stash.empty() && !on(Rule::retry_empty_read)) {
        state.known = state.cursor;
        co_return true;
    }
    if (found->empty() || found->front()->seq != missing) {
        auto skipping = skip_removed(channel);
        WARREN_CO_TRY(skipped, co_await std::move(skipping));
        if (skipped) co_return true;
        // Nothing where something should be is a stale answer, not the truth.
        co_return Error(Errc::unavailable);
    }
    auto hiding = hide_deleted_in(env_.entries, *found, env_.clock.in(env_.limits.store_timeout));
    WARREN_CO_TRY_VOID(co_await std::move(hiding));
    // In place of what was announced: what is stored may have been deleted since.
    for (const auto& entry : *found)
        state.stash.insert_or_assign(entry->seq, entry);
    co_return true;
}

/// Goes on where the log begins now, if it begins beyond the cursor: then this node stood still for so long
/// that what it should have delivered is gone, and its connections have to ask for what is left.
Task<Result<bool>> Delivery::skip_removed(ChannelId channel) {
    const auto deadline = env_.clock.in(env_.limits.store_timeout);
    auto reading = env_.channels.channels({channel}, deadline);
    WARREN_CO_TRY(documents, co_await std::move(reading));
    const Seq first = documents.empty() ? 1 : documents.front().start.first_seq;
    if (first <= find(channel)->cursor + 1) co_return false;
    auto finding = memberships_.as_of(channel, documents.front().state_seq, deadline);
    WARREN_CO_TRY(members, co_await std::move(finding));
    auto& state = *find(channel);
    state.cursor = first - 1;
    state.state_seq = ChannelState::kUnknown;
    state.check = true;
    for (auto* local : std::vector<Local*>(state.locals))
        may_have_missed(*local, {{channel, state.cursor}});
    for (const auto& standing : members->members)
        attach_missed(state, *members, standing.user);
    co_return true;
}

/// Delivers with everything that may have to be read first: the members as of this entry, the view of a new
/// channel.
Task<Result<void>> Delivery::deliver_slowly(ChannelId channel, EntryPtr entry) {
    const auto deadline = env_.clock.in(env_.limits.store_timeout);
    auto& state = *find(channel);
    const Seq members_before = entry->changes_state() ? entry->prev_state_seq : entry->state_seq;
    if (state.state_seq != members_before) {
        auto finding = memberships_.as_of(channel, members_before, deadline);
        WARREN_CO_TRY(members, co_await std::move(finding));
        rebuild(state, *members);
    }
    auto push = std::make_shared<Push>();
    push->entry = entry;
    if (!entry->changes_state()) {
        if (!state.since_join || !std::holds_alternative<EditBody>(entry->body)) {
            deliver(state, push);
            co_return Result<void>();
        }
        auto finding = memberships_.as_of(channel, entry->state_seq, deadline);
        WARREN_CO_TRY(members, co_await std::move(finding));
        deliver_edit(state, push, *members);
        co_return Result<void>();
    }
    // Also for its author, who may have died before: whoever delivers what changes the members projects it.
    auto projecting = memberships_.project(entry, deadline);
    WARREN_CO_TRY(after, co_await std::move(projecting));
    auto welcoming = welcome_for(push, after, deadline);
    WARREN_CO_TRY(welcome, co_await std::move(welcoming));
    // To the old members and the new: those who come in see it, and those who go see it last.
    for (const auto& standing : after->members) {
        const auto user = users_.find(standing.user);
        if (user == users_.end()) continue;
        for (auto* local : user->second->locals)
            add_local(state, *local);
    }
    deliver_change(state, push, welcome, *after);
    if (on(Rule::deliver_by_membership)) rebuild(state, *after);
    bind_if_large(state, after->members.size());
    co_return Result<void>();
}

void Delivery::deliver(ChannelState& state, const PushPtr& push) {
    note_delivered(state, *push->entry);
    std::size_t queued = 0;
    const auto& locals = state.locals;
    for (std::size_t i = 0; i < locals.size(); ++i) {
        if (i + kFarAhead < locals.size()) prefetch<sizeof(Local)>(locals[i + kFarAhead]);
        if (i + kAhead < locals.size()) prefetch<64>(locals[i + kAhead]->subscriber.get());
        queued += queue_to(*locals[i], state, push) ? 1 : 0;
    }
    if (queued != 0) delivered_.Increment(static_cast<double>(queued));
    if (state.missed && state.cursor >= state.missed->state_seq) state.missed.reset();
    if (!push->entry->is_message()) return;
    for (auto* observer : observers_)
        observer->on_wrote(push->entry->sender, state.id);
}

/// `deliver` where those who came in after the message was written must not learn what it says now.
void Delivery::deliver_edit(ChannelState& state, const PushPtr& push, const Membership& members) {
    note_delivered(state, *push->entry);
    auto hidden = std::make_shared<Push>();
    hidden->entry = shown_from(push->entry->target() + 1, push->entry);
    for (auto* local : state.locals) {
        const auto* standing = members.find(local->user);
        const bool may_read = standing && standing->from <= push->entry->target();
        push_to(*local, state, may_read ? push : PushPtr(hidden));
    }
    if (state.missed && state.cursor >= state.missed->state_seq) state.missed.reset();
}

void Delivery::note_delivered(ChannelState& state, const Entry& entry) {
    state.cursor = std::max(state.cursor, entry.seq);
    if (std::holds_alternative<DeleteBody>(entry.body)) deletions_.on_delivered(entry);
}

}  // namespace warren::chat
