// Who is connected here: what other nodes are told of them, and when they were seen.
#include <algorithm>

#include "base/log.hpp"
#include "chat/presence.hpp"

namespace warren::chat {
namespace {

// Of somebody whose node dies, the store knows to within this when they were seen.
constexpr std::chrono::minutes kNoteEvery{5};
constexpr std::chrono::minutes kStoredAgainAfter{1};
constexpr std::chrono::seconds kStoreEvery{1};
constexpr std::chrono::seconds kStoreAtTheEnd{1};
constexpr std::size_t kStoredAtOnce = 500;
constexpr std::size_t kSeenMax = 100'000;

}  // namespace

Task<void> Presence::stop() {
    stopping_ = true;
    std::vector<UserId> leaving;
    for (const auto& [user, here] : here_) {
        note_seen(user);
        if (here.connections == 0) leaving.push_back(user);
    }
    for (const auto& user : leaving)
        went(user);
    bool stored = true;
    while (stored && !seen_.empty()) {
        auto storing = store_seen(env_.clock.in(kStoreAtTheEnd));
        stored = co_await std::move(storing);
    }
}

void Presence::on_opened(Subscriber& subscriber) {
    const auto [at, is_new] = here_.try_emplace(subscriber.user());
    ++at->second.connections;
    if (is_new) came(subscriber.user());
}

void Presence::on_closed(const Subscriber& subscriber) {
    if (const auto watcher = watchers_.find(&subscriber); watcher != watchers_.end()) {
        for (const auto& user : watcher->second.users)
            unwatch(subscriber, user);
        watchers_.erase(watcher);
        watched_gauge_.Set(static_cast<double>(watched_.size()));
    }
    auto& here = here_.at(subscriber.user());
    if (--here.connections != 0) return;
    note_seen(subscriber.user());
    here.away_at = env_.clock.now() + env_.limits.presence_linger;
    lingering_.emplace_back(here.away_at, subscriber.user());
}

void Presence::on_presence(const PresenceAsked& asked) {
    std::vector<PresenceNotice> people;
    for (const auto& user : asked.users) {
        if (here_.contains(user)) people.push_back({user, true, env_.clock.wall()});
    }
    if (!people.empty()) tell_nodes(std::move(people));
}

void Presence::came(UserId user) {
    note_seen(user);
    auto& here = here_.at(user);
    here.note_at = env_.clock.now() + kNoteEvery;
    to_note_.emplace_back(here.note_at, user);
    tell_nodes({{user, true, env_.clock.wall()}});
    if (const auto at = watched_.find(user); at != watched_.end()) settle(user, at->second);
}

void Presence::went(UserId user) {
    here_.erase(user);
    const auto seen = env_.clock.wall() - env_.limits.presence_linger;
    tell_nodes({{user, false, seen}});
    const auto at = watched_.find(user);
    if (at == watched_.end()) return;
    at->second.last_seen = std::max(at->second.last_seen, seen);
    settle(user, at->second);
}

void Presence::end_lingering(SteadyTime now) {
    while (!lingering_.empty() && lingering_.front().first <= now) {
        const auto user = lingering_.front().second;
        lingering_.pop_front();
        const auto at = here_.find(user);
        const bool is_away = at != here_.end() && at->second.connections == 0 && at->second.away_at <= now;
        if (is_away) went(user);
    }
}

void Presence::tell_nodes(std::vector<PresenceNotice> people) {
    std::vector<BusKey> keys;
    for (const auto& person : people)
        keys.emplace_back(WatchKey{person.user});
    delivery_.publish(PresenceTold{env_.node, env_.limits.presence_ttl, std::move(people)}, std::move(keys));
}

/// To be stored, once the last time is a minute ago.
void Presence::note_seen(UserId user) {
    if (seen_.size() >= kSeenMax && !seen_.contains(user)) return;
    seen_[user] = env_.clock.wall();
}

void Presence::note_those_here(SteadyTime now) {
    while (!to_note_.empty() && to_note_.front().first <= now) {
        const auto [when, user] = to_note_.front();
        to_note_.pop_front();
        const auto at = here_.find(user);
        if (at == here_.end() || at->second.note_at != when) continue;
        if (at->second.connections != 0) note_seen(user);
        at->second.note_at = now + kNoteEvery;
        to_note_.emplace_back(at->second.note_at, user);
    }
    while (!stored_order_.empty() && stored_order_.front().first <= now) {
        stored_.erase(stored_order_.front().second);
        stored_order_.pop_front();
    }
    if (now < store_at_ || storing_ || seen_.empty()) return;
    store_at_ = now + kStoreEvery;
    spawn(executor_, "last_seen", store_now());
}

Task<void> Presence::store_now() {
    storing_ = true;
    auto storing = store_seen(env_.clock.in(env_.limits.store_timeout));
    co_await std::move(storing);
    storing_ = false;
}

/// False: the store does not answer, and they are kept for another time.
Task<bool> Presence::store_seen(Deadline deadline) {
    std::vector<LastSeen> people;
    for (auto at = seen_.begin(); at != seen_.end() && people.size() < kStoredAtOnce;) {
        const auto seen = at++;
        if (stored_.contains(seen->first) && !stopping_) continue;
        people.push_back({seen->first, seen->second});
        seen_.erase(seen);
    }
    if (people.empty()) co_return true;
    auto putting = env_.users.put_last_seen(people, deadline);
    const auto put = co_await std::move(putting);
    if (put.has_error()) {
        log::debug("last_seen_not_stored", {{"error", put.error().message}});
        for (const auto& seen : people)
            seen_.try_emplace(seen.user, seen.at);
        co_return false;
    }
    const auto until = env_.clock.now() + kStoredAgainAfter;
    for (const auto& seen : people) {
        stored_.insert(seen.user);
        stored_order_.emplace_back(until, seen.user);
    }
    co_return true;
}

}  // namespace warren::chat
