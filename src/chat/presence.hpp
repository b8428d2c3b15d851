#pragma once
#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "chat/delivery.hpp"

namespace warren::chat {

/// Who is online, for those who watch them. A node tells a person's coming and going under a key of theirs,
/// which only nodes with a watching connection have bound; a watching node asks for what it has not heard of
/// for a third of Limits::presence_ttl. What a node said holds for that ttl, so that a dead node's people go
/// offline by themselves. Whoever comes back within Limits::presence_linger was never away. On the chat
/// executor only. Memory: one small record for each person connected, and for each one watched here (with
/// those who watch). @see docs/decisions/0055
class Presence final : public PeopleObserver {
public:
    Presence(asio::any_io_executor executor, Environment& env, Delivery& delivery);

    void start();
    /// Tells of those who were about to be away, and stores when they were seen.
    Task<void> stop();

    /// The presence of `users`, each once, of which `by` is told every change from now on. Replaces what `by`
    /// watched before. Of somebody who does not exist or has blocked the user of `by` it is what one would
    /// see of somebody who was never here. @errors too_large (more than Limits::watched_max), unavailable
    /// (`by` is not open any more)
    Task<Result<std::vector<PresenceNotice>>> watch(Subscriber& by, std::vector<UserId> users,
                                                    Deadline deadline);
    /// `user` is not to see `hidden` any more: those of their connections that watch, anywhere, are told that
    /// `hidden` is offline and then nothing.
    void hide(UserId hidden, UserId user);

    void on_opened(Subscriber& subscriber) override;
    void on_closed(const Subscriber& subscriber) override;
    void on_presence(const PresenceTold& told) override;
    void on_presence(const PresenceAsked& asked) override;
    void on_hidden(UserId hidden, const std::vector<UserId>& from) override;
    void on_bus_up() override { hear_anew(); }

private:
    using Due = std::multimap<SteadyTime, UserId>;

    struct Here {
        std::size_t connections = 0;
        SteadyTime away_at{};  // Where there are none: when that makes them offline.
        SteadyTime note_at{};  // When it is noted again that they are seen.
    };
    /// Until the key under which one would be answered stands.
    static constexpr SteadyTime kNotAsked = SteadyTime::max();
    struct Watched {
        std::vector<const Subscriber*> watchers;
        std::vector<std::pair<NodeId, SteadyTime>>
            nodes;  // Where they are online, and until when that holds.
        bool online = false;
        bool told = false;  // Whether those who watch take them for online.
        bool telling = false;
        WallTime last_seen{};
        SteadyTime ask_at = kNotAsked;
        Due::iterator due;
    };
    struct Watcher {
        std::vector<UserId> users;
        std::unordered_set<UserId> hidden;  // Of those asked for, while they were.
        std::size_t answering = 0;          // Calls whose answer will say what changes meanwhile.
    };

    // Who is here: presence_here.cpp
    void came(UserId user);
    void went(UserId user);
    void end_lingering(SteadyTime now);
    void tell_nodes(std::vector<PresenceNotice> people);
    void note_seen(UserId user);
    void note_those_here(SteadyTime now);
    Task<void> store_now();
    Task<bool> store_seen(Deadline deadline);

    // Who is watched: presence.cpp
    Task<Result<std::vector<UserId>>> visible_to(UserId user, std::vector<UserId> users, Deadline deadline);
    void replace(const Subscriber& by, const std::vector<UserId>& users);
    void unwatch(const Subscriber& by, UserId user);
    Task<void> learn(std::vector<UserId> users, Deadline deadline);
    Task<Result<void>> recall(std::vector<UserId> users, Deadline deadline);
    PresenceNotice presence_of(UserId user);
    void settle(UserId user, Watched& watched);
    Task<void> tell_watchers(UserId user);
    void schedule(UserId user, Watched& watched);
    void hear_anew();
    void tick(SteadyTime now);
    void ask(const std::vector<UserId>& users);
    Task<void> tick_for_ever();

    asio::any_io_executor executor_;
    Environment& env_;
    Delivery& delivery_;
    FlatMap<UserId, Here> here_;
    std::deque<std::pair<SteadyTime, UserId>> lingering_;
    std::deque<std::pair<SteadyTime, UserId>> to_note_;
    FlatMap<UserId, WallTime> seen_;     // To be stored.
    std::unordered_set<UserId> stored_;  // In the last minute.
    std::deque<std::pair<SteadyTime, UserId>> stored_order_;
    SteadyTime store_at_{};
    bool storing_ = false;
    std::unordered_map<UserId, Watched> watched_;
    Due due_;
    std::unordered_map<const Subscriber*, Watcher> watchers_;
    SteadyTime ticked_at_{};
    bool stopping_ = false;
    prometheus::Gauge& watched_gauge_;
};

}  // namespace warren::chat
