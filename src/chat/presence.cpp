// Who is watched here, and what is known of them.
#include "chat/presence.hpp"

#include <algorithm>

namespace warren::chat {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kStandstill{2};
constexpr std::chrono::seconds kAskAgain{1};
constexpr std::size_t kAskedAtOnce = 200;
constexpr std::chrono::milliseconds kTtlMin{1'000};
constexpr std::chrono::hours kTtlMax{1};

template <class T>
bool contains(const std::vector<T>& list, const T& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

Presence::Presence(asio::any_io_executor executor, Environment& env, Delivery& delivery)
    : executor_(std::move(executor)),
      env_(env),
      delivery_(delivery),
      watched_gauge_(env.metrics.gauge("warren_watched_people", "People whose presence is watched here.")) {}

void Presence::start() {
    ticked_at_ = env_.clock.now();
    spawn(executor_, "presence", tick_for_ever());
}

Task<Result<std::vector<PresenceNotice>>> Presence::watch(Subscriber& by, std::vector<UserId> users,
                                                          Deadline deadline) {
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
    if (users.size() > env_.limits.watched_max) {
        co_return Error(Errc::too_large,
                        "users must name at most " + std::to_string(env_.limits.watched_max) + " people.");
    }
    auto looking = visible_to(by.user(), users, deadline);
    WARREN_CO_TRY(visible, co_await std::move(looking));
    if (!delivery_.is_open(by)) co_return Error(Errc::unavailable);
    replace(by, visible);
    ++watchers_[&by].answering;
    auto learning = learn(visible, deadline);
    co_await std::move(learning);
    auto recalling = recall(visible, deadline);
    const auto recalled = co_await std::move(recalling);
    const auto watcher = watchers_.find(&by);
    if (watcher == watchers_.end()) co_return Error(Errc::unavailable);
    --watcher->second.answering;
    if (recalled.has_error()) co_return recalled.error();
    std::vector<PresenceNotice> answer;
    for (const auto& user : users) {
        const bool shown = contains(visible, user) && !watcher->second.hidden.contains(user);
        answer.push_back(shown ? presence_of(user) : PresenceNotice{user});
    }
    co_return answer;
}

/// Those of `users` who have not blocked `user`.
Task<Result<std::vector<UserId>>> Presence::visible_to(UserId user, std::vector<UserId> users,
                                                       Deadline deadline) {
    std::vector<Block> asked;
    for (const auto& other : users)
        asked.push_back({other, user});
    if (asked.empty()) co_return users;
    auto reading = env_.blocks.existing(std::move(asked), deadline);
    WARREN_CO_TRY(blocks, co_await std::move(reading));
    const auto has_blocked = [&blocks](const UserId& other) {
        const auto by_other = [&other](const Block& block) { return block.blocker == other; };
        return std::any_of(blocks.begin(), blocks.end(), by_other);
    };
    std::erase_if(users, has_blocked);
    co_return users;
}

/// Makes `users` what `by` watches.
void Presence::replace(const Subscriber& by, const std::vector<UserId>& users) {
    auto& watcher = watchers_[&by];
    const auto before = std::exchange(watcher.users, users);
    watcher.hidden.clear();
    for (const auto& user : users) {
        if (contains(before, user)) continue;
        const auto [at, is_new] = watched_.try_emplace(user);
        auto& watched = at->second;
        watched.watchers.push_back(&by);
        if (!is_new) continue;
        env_.bus.bind(WatchKey{user});
        watched.online = watched.told = here_.contains(user);
        watched.due = due_.end();
        schedule(user, watched);
    }
    for (const auto& user : before) {
        if (!contains(users, user)) unwatch(by, user);
    }
    watched_gauge_.Set(static_cast<double>(watched_.size()));
}

void Presence::unwatch(const Subscriber& by, UserId user) {
    const auto at = watched_.find(user);
    if (at == watched_.end()) return;
    std::erase(at->second.watchers, &by);
    if (!at->second.watchers.empty()) return;
    env_.bus.unbind(WatchKey{user});
    due_.erase(at->second.due);
    watched_.erase(at);
}

/// Asks other nodes for those of `users` whom nothing was heard of lately, and waits while the answer of one
/// who was asked for may be on its way.
Task<void> Presence::learn(std::vector<UserId> users, Deadline deadline) {
    const auto is_new = [this](const UserId& user) {
        const auto at = watched_.find(user);
        return at != watched_.end() && at->second.ask_at == kNotAsked;
    };
    if (delivery_.has_peers() && std::any_of(users.begin(), users.end(), is_new)) {
        auto standing = env_.bus.barrier(deadline);
        co_await std::move(standing);
    }
    const auto pause = env_.limits.presence_ttl / 3;
    const auto now = env_.clock.now();
    auto until = now;
    std::vector<UserId> unheard;
    for (const auto& user : users) {
        const auto at = watched_.find(user);
        if (at == watched_.end()) continue;
        auto& watched = at->second;
        if (now >= watched.ask_at || watched.ask_at == kNotAsked) {
            unheard.push_back(user);
            watched.ask_at = now + pause;
            schedule(user, watched);
        }
        // Who is nowhere does not answer, so it is no use to count answers.
        if (!watched.online)
            until = std::max(until, watched.ask_at - pause + env_.limits.presence_answer_wait);
    }
    ask(unheard);
    if (until == now || !delivery_.has_peers()) co_return;
    auto waiting = env_.clock.sleep_until(until);
    co_await std::move(waiting);
}

/// Reads when those of `users` who are offline were seen last.
Task<Result<void>> Presence::recall(std::vector<UserId> users, Deadline deadline) {
    const auto is_known = [this](const UserId& user) {
        const auto at = watched_.find(user);
        return at == watched_.end() || at->second.online || at->second.last_seen != WallTime();
    };
    std::erase_if(users, is_known);
    if (users.empty()) co_return Result<void>();
    auto reading = env_.users.last_seen(std::move(users), deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    for (const auto& seen : found) {
        const auto at = watched_.find(seen.user);
        if (at != watched_.end()) at->second.last_seen = std::max(at->second.last_seen, seen.at);
    }
    co_return Result<void>();
}

PresenceNotice Presence::presence_of(UserId user) {
    const auto at = watched_.find(user);
    if (at == watched_.end()) return {user};
    const auto& watched = at->second;
    return {user, watched.online, watched.online ? env_.clock.wall() : watched.last_seen};
}

void Presence::hide(UserId hidden, UserId user) {
    on_hidden(hidden, {user});
    const Notice notice = PresenceNotice{hidden};
    delivery_.publish(NoticeAnnounced{env_.node, std::make_shared<const Notice>(notice), {user}}, {user});
}

void Presence::on_hidden(UserId hidden, const std::vector<UserId>& from) {
    const auto at = watched_.find(hidden);
    if (at == watched_.end()) return;
    auto push = std::make_shared<NoticePush>();
    push->notice = PresenceNotice{hidden};
    for (const auto* subscriber : std::vector<const Subscriber*>(at->second.watchers)) {
        if (!contains(from, subscriber->user())) continue;
        auto& watcher = watchers_.at(subscriber);
        std::erase(watcher.users, hidden);
        watcher.hidden.insert(hidden);
        delivery_.tell(*subscriber, push);
        unwatch(*subscriber, hidden);
    }
}

void Presence::on_presence(const PresenceTold& told) {
    const auto now = env_.clock.now();
    const auto ttl = std::clamp<std::chrono::milliseconds>(told.ttl, kTtlMin, kTtlMax);
    for (const auto& person : told.people) {
        const auto at = watched_.find(person.user);
        if (at == watched_.end()) continue;
        auto& watched = at->second;
        std::erase_if(watched.nodes, [&](const auto& node) { return node.first == told.from; });
        if (person.online) {
            watched.nodes.emplace_back(told.from, now + ttl);
            watched.ask_at = now + env_.limits.presence_ttl / 3;
        }
        watched.last_seen = std::max(watched.last_seen, person.last_seen);
        settle(person.user, watched);
        schedule(person.user, watched);
    }
}

/// Tells those who watch, if this changed whether `user` is online.
void Presence::settle(UserId user, Watched& watched) {
    watched.online = here_.contains(user) || !watched.nodes.empty();
    if (watched.online == watched.told || std::exchange(watched.telling, true)) return;
    spawn(executor_, "tell_watchers", tell_watchers(user));
}

/// Asks the store about blocks first: that somebody is hidden may have been lost on the way. What cannot be
/// asked is told later.
Task<void> Presence::tell_watchers(UserId user) {
    for (;;) {
        auto at = watched_.find(user);
        if (at == watched_.end()) co_return;
        at->second.telling = at->second.online != at->second.told;
        if (!at->second.telling) co_return;
        std::vector<Block> asked;
        for (const auto* watcher : at->second.watchers)
            asked.push_back({user, watcher->user()});
        auto reading = env_.blocks.existing(std::move(asked), env_.clock.in(env_.limits.store_timeout));
        const auto blocks = co_await std::move(reading);
        if (blocks.has_error()) {
            auto pausing = env_.clock.sleep_until(env_.clock.now() + kAskAgain);
            co_await std::move(pausing);
            continue;
        }
        at = watched_.find(user);
        if (at == watched_.end()) co_return;
        at->second.told = at->second.online;
        auto push = std::make_shared<NoticePush>();
        push->notice = presence_of(user);
        for (const auto* watcher : at->second.watchers) {
            const bool blocked = contains(*blocks, Block{user, watcher->user()});
            if (!blocked && watchers_.at(watcher).answering == 0) delivery_.tell(*watcher, push);
        }
    }
}

void Presence::schedule(UserId user, Watched& watched) {
    auto when = watched.ask_at;
    for (const auto& [node, until] : watched.nodes)
        when = std::min(when, until);
    if (watched.due != due_.end()) due_.erase(watched.due);
    watched.due = due_.emplace(when, user);
}

/// Something may have been missed: what is known holds a little longer, and everybody is asked for.
void Presence::hear_anew() {
    const auto now = env_.clock.now();
    for (auto& [user, watched] : watched_) {
        for (auto& [node, until] : watched.nodes)
            until = now + env_.limits.presence_ttl;
        if (watched.ask_at == kNotAsked) continue;
        watched.ask_at = now;
        schedule(user, watched);
    }
}

Task<void> Presence::tick_for_ever() {
    while (!stopping_) {
        auto sleeping = env_.clock.sleep_until(env_.clock.now() + kTick);
        co_await std::move(sleeping);
        if (!stopping_) tick(env_.clock.now());
    }
}

void Presence::tick(SteadyTime now) {
    if (now - ticked_at_ > kStandstill) hear_anew();
    ticked_at_ = now;
    end_lingering(now);
    note_those_here(now);
    std::vector<UserId> asked;
    while (!due_.empty() && due_.begin()->first <= now) {
        const auto user = due_.begin()->second;
        auto& watched = watched_.at(user);
        // Of a node that cannot be heard it is not known that it is dead.
        for (auto& [node, until] : watched.nodes)
            if (!delivery_.bus_is_up()) until = now + env_.limits.presence_ttl;
        std::erase_if(watched.nodes, [now](const auto& node) { return node.second <= now; });
        if (now >= watched.ask_at) {
            asked.push_back(user);
            watched.ask_at = now + env_.limits.presence_ttl / 3;
        }
        settle(user, watched);
        schedule(user, watched);
    }
    ask(asked);
}

void Presence::ask(const std::vector<UserId>& users) {
    for (std::size_t from = 0; from < users.size(); from += kAskedAtOnce) {
        const auto first = users.begin() + static_cast<std::ptrdiff_t>(from);
        const auto last =
            users.begin() + static_cast<std::ptrdiff_t>(std::min(users.size(), from + kAskedAtOnce));
        delivery_.publish(PresenceAsked{env_.node, {first, last}}, {first, last});
    }
}

}  // namespace warren::chat
