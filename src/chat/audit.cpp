// Time: beats, holds that end, keys that are unbound, and the audits that find what the bus lost.
#include <algorithm>

#include "base/log.hpp"
#include "chat/delivery.hpp"
#include "chat/delivery_state.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kBeat{1};
constexpr std::chrono::seconds kStandstill{2};
constexpr std::chrono::seconds kAuditWhileDown{2};
constexpr std::chrono::seconds kAuditGap{1};
constexpr std::size_t kAuditChunk = 200;

}  // namespace

void Delivery::on_control(ControlMessage message) {
    if (const auto* beat = std::get_if<Beat>(&message)) {
        if (peers_.on_beat(*beat, env_.clock.now()) && on(Rule::audit_on_beats)) audit_wanted_ = true;
    } else if (const auto* goodbye = std::get_if<Goodbye>(&message)) {
        peers_.on_goodbye(goodbye->node);
    } else if (std::holds_alternative<AuditAll>(message)) {
        audit_wanted_ = true;
    } else if (const auto* signed_out = std::get_if<SignedOut>(&message)) {
        ++sign_outs_;
        const auto user = users_.find(signed_out->user);
        if (user == users_.end()) return;
        for (auto* local : std::vector<Local*>(user->second->locals)) {
            const auto subscriber = local->subscriber;
            forget(*local);
            subscriber->signed_out();
        }
    }
}

void Delivery::on_down() {
    bus_is_up_ = false;
    log::warn("bus_down", {{"effect", "deliveries between nodes wait for audits"}});
}

void Delivery::on_up() {
    bus_is_up_ = true;
    ++sign_outs_;
    peers_.begin_anew(env_.clock.now());
    log::info("bus_up");
    for (auto* observer : observers_)
        observer->on_bus_up();
    if (on(Rule::audit_on_up)) audit_wanted_ = true;
}

Task<void> Delivery::tick_for_ever() {
    while (!stopping_) {
        auto sleeping = env_.clock.sleep_until(env_.clock.now() + kTick);
        co_await std::move(sleeping);
        if (!stopping_) tick(env_.clock.now());
    }
}

void Delivery::tick(SteadyTime now) {
    // A loop that stood still may have lost its queue at the broker meanwhile.
    if (now - ticked_at_ > kStandstill) audit_wanted_ = true;
    ticked_at_ = now;
    if (now >= beat_due_) {
        beat_due_ = now + kBeat;
        env_.bus.publish_control(Beat{env_.node, ++beat_number_, env_.bus.partition_map_hash()});
        if (bus_is_up_ && peers_.lose_silent(now) && on(Rule::audit_on_beats)) audit_wanted_ = true;
        if (bus_is_up_) announcer_.announce_remembered();
    }
    expire_opening_holds(now);
    unbind_idle(now);
    directory_.forget_old(now);
    memberships_.forget_unused(now);
    erase_unused(now);
    close_unsynced(now);
}

void Delivery::expire_opening_holds(SteadyTime now) {
    while (!opening_.empty() && opening_.front().first <= now) {
        const auto subscriber = opening_.front().second.lock();
        opening_.pop_front();
        const auto at = locals_.find(subscriber.get());
        if (at == locals_.end() || !at->second->opening) continue;
        at->second->opening = false;
        if (--at->second->holds == 0) flush_held(*at->second);
    }
}

void Delivery::unbind_idle(SteadyTime now) {
    while (!unbinding_.empty() && unbinding_.front().first <= now) {
        const auto user = users_.find(unbinding_.front().second);
        unbinding_.pop_front();
        if (user == users_.end() || !user->second->locals.empty()) continue;
        env_.bus.unbind(user->first);
        users_.erase(user);
    }
}

void Delivery::close_unsynced(SteadyTime now) {
    std::vector<Local*> overdue;
    for (const auto* subscriber : unsynced_) {
        auto& local = *locals_.at(subscriber);
        if (now - local.exceptions->silent_since > env_.limits.resync_patience) overdue.push_back(&local);
    }
    for (auto* local : overdue) {
        const auto subscriber = local->subscriber;
        forget(*local);
        subscriber->reconnect();
    }
}

std::chrono::milliseconds Delivery::audit_period() const {
    const auto needed = std::chrono::seconds((channels_.size() + users_.size()) / env_.limits.audit_rate);
    if (!bus_is_up_) return std::max<std::chrono::seconds>(kAuditWhileDown, needed);
    return std::max(env_.limits.audit_period_min, needed);
}

Task<void> Delivery::audit_for_ever() {
    auto last = env_.clock.now();
    while (!stopping_) {
        auto sleeping = env_.clock.sleep_until(env_.clock.now() + kTick);
        co_await std::move(sleeping);
        const auto since = env_.clock.now() - last;
        const bool due = on(Rule::audit_periodically) && since >= audit_period();
        // While the store is away an audit asks for the next one: not without pause.
        const bool wanted = audit_wanted_ && since >= kAuditGap;
        if (stopping_ || (!wanted && !due)) continue;
        const bool urgent = std::exchange(audit_wanted_, false);
        auto auditing = audit_everything(urgent);
        co_await std::move(auditing);
        last = env_.clock.now();
    }
}

Task<void> Delivery::audit_everything(bool urgent) {
    audits_.Increment();
    auto channels = audit_channels(urgent);
    co_await std::move(channels);
    auto users = audit_users(urgent);
    co_await std::move(users);
}

/// Asks the store whether the entry after each cursor exists: logs are dense, so one key tells.
Task<void> Delivery::audit_channels(bool urgent) {
    std::vector<ChannelId> ids;
    for (const auto& [id, state] : channels_)
        ids.push_back(id);
    const auto began = env_.clock.now();
    // What came after the last audit cannot have gone before this one, unless that is long ago.
    const bool may_have_gone = began - audited_at_ > env_.limits.retention_min_age / 2;
    bool looked_at_all = true;
    for (std::size_t from = 0; from < ids.size() && !stopping_; from += kAuditChunk) {
        std::vector<Place> places;
        for (std::size_t i = from; i < std::min(ids.size(), from + kAuditChunk); ++i) {
            if (const auto* state = find(ids[i])) places.push_back({ids[i], state->cursor + 1});
        }
        auto asking = env_.entries.at(places, env_.clock.in(env_.limits.store_timeout));
        auto found = co_await std::move(asking);
        // The store is away: what is not known now is asked again soon.
        if (found.has_error()) audit_wanted_ = audit_wanted_ || urgent;
        looked_at_all = looked_at_all && found.has_value();
        for (std::size_t i = 0; found.has_value() && i < found->size(); ++i) {
            const auto& entry = (*found)[i];
            auto* state = find(entry->channel);
            if (!state || entry->seq <= state->cursor) continue;
            found_by_audit_.Increment();
            log_.on_foreign(entry->channel, entry->seq);
            // Read again by the pump, which hides what was deleted.
            state->check = true;
            note_head(entry->channel, entry->seq);
        }
        if (found.has_value() && may_have_gone) {
            auto looking = audit_starts(std::move(places));
            looked_at_all = co_await std::move(looking) && looked_at_all;
        }
        const auto pause = kAuditChunk * std::chrono::milliseconds(1000) / env_.limits.audit_rate;
        auto pausing = env_.clock.sleep_until(env_.clock.now() + (urgent ? pause / 20 : pause));
        co_await std::move(pausing);
    }
    if (looked_at_all && !stopping_) audited_at_ = began;
}

/// Where the entry after a cursor is not there, it may have come and gone. False: the store does not answer.
Task<bool> Delivery::audit_starts(std::vector<Place> after_cursors) {
    std::vector<ChannelId> ids;
    for (const auto& place : after_cursors)
        ids.push_back(place.channel);
    auto reading = env_.channels.channels(std::move(ids), env_.clock.in(env_.limits.store_timeout));
    const auto documents = co_await std::move(reading);
    for (std::size_t i = 0; documents.has_value() && i < documents->size(); ++i)
        note_head((*documents)[i].id, (*documents)[i].start.first_seq);
    co_return documents.has_value();
}

/// Whether a connection of the row's person is not among those of the row's channel, although it should be.
bool Delivery::lacks_connection(const MemberRow& row) {
    const auto* state = find(row.channel);
    const auto user = users_.find(row.user);
    if (user == users_.end() || row.from > state->state_seq) return false;
    const auto lacks = [&](const Local* local) {
        const auto& all = state->locals;
        return local->active && std::find(all.begin(), all.end(), local) == all.end();
    };
    return std::any_of(user->second->locals.begin(), user->second->locals.end(), lacks);
}

/// Looks for channels that somebody here is in and that nothing was ever heard of.
Task<void> Delivery::audit_users(bool urgent) {
    std::vector<UserId> ids;
    for (const auto& [id, state] : users_)
        ids.push_back(id);
    std::size_t asked = 0;
    for (const auto& id : ids) {
        if (stopping_) co_return;
        auto asking = env_.channels.stays_of(id, env_.clock.in(env_.limits.store_timeout));
        const auto rows = co_await std::move(asking);
        if (rows.has_error()) audit_wanted_ = audit_wanted_ || urgent;
        for (std::size_t i = 0; rows.has_value() && i < rows->size(); ++i) {
            const auto& row = (*rows)[i];
            if (row.to != 0) continue;
            if (find(row.channel)) {
                if (lacks_connection(row)) spawn(executor_, "reconcile", reconcile(row.channel, row.user));
                continue;
            }
            if (!discovering_.insert(row.channel).second) continue;
            found_by_audit_.Increment();
            spawn(executor_, "discover", discover(row.channel, ChannelState::kUnknown, row.from));
        }
        if (++asked % kAuditChunk != 0) continue;
        const auto pause = kAuditChunk * std::chrono::milliseconds(1000) / env_.limits.audit_rate;
        auto pausing = env_.clock.sleep_until(env_.clock.now() + (urgent ? pause / 20 : pause));
        co_await std::move(pausing);
    }
}

}  // namespace warren::chat
