// Long because delivery is one object, whose parts are in several files.
#pragma once
#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/flat_map.hpp"
#include "chat/announcer.hpp"
#include "chat/channel_log.hpp"
#include "chat/deletions.hpp"
#include "chat/directory.hpp"
#include "chat/peers.hpp"
#include "chat/subscriber.hpp"

namespace warren::chat {

/// A current membership of one person, with the head that proves it.
struct Stay {
    MemberRow row;
    EntryPtr head;
    Channel document;  ///< As of the head's state_seq.

    /// The first seq that the person may read.
    Seq floor() const {
        const bool since_join = document.history == HistoryAccess::since_join;
        return std::max(document.start.first_seq, since_join ? row.from : Seq{1});
    }
};

/// Where one person is, and where they are no longer.
struct Stays {
    std::vector<Stay> current;
    std::vector<std::pair<ChannelId, Seq>> ended;  ///< As of this seq, not a member (any more).
    bool stale = false;  ///< What was read contradicts itself: parts of it are too old.
};

/// What an answer showed its client: pushes up to these seqs would be repeats.
struct Answered {
    bool ok = false;      ///< False: it was an error, which shows nothing.
    bool synced = false;  ///< It answered a sync: from now on the client can be told to sync again.
    FlatMap<ChannelId, Seq> covered;
    FlatMap<ChannelId, Seq> ended;  ///< Not in the answer, since as of this seq not the client's.

    /// An answer without a channel shows that its reader is not in it: what leads to that is not pushed any
    /// more.
    void note_ended(const Stays& stays);
};

/// Told of who comes and goes here, and of what other nodes say of that. On the chat executor.
class PeopleObserver {
public:
    virtual ~PeopleObserver() = default;
    /// Everything is delivered to it from now on.
    virtual void on_opened(Subscriber&) {}
    /// It had been opened; nothing may be called on it afterwards.
    virtual void on_closed(const Subscriber&) {}
    virtual void on_presence(const PresenceTold&) {}
    virtual void on_presence(const PresenceAsked&) {}
    /// These are not to see the presence of `hidden` any more.
    virtual void on_hidden(UserId, const std::vector<UserId>&) {}
    /// A message of theirs is being delivered here.
    virtual void on_wrote(UserId, ChannelId) {}
    virtual void on_bus_up() {}
};

/// Brings every entry to every local connection of every member, once, in order, and finds by itself what the
/// bus lost: a cursor per channel with a local member, gaps read from the store, audits. The rules are in
/// DELIVERY of ARCHITECTURE.md, each named in chat/rules.hpp. On the chat executor only. Memory: some dozen
/// bytes per channel with a local member and per (connection, channel).
class Delivery final : public AppendObserver, public BusListener {
public:
    Delivery(asio::any_io_executor executor, Environment& env, Memberships& memberships, Directory& directory,
             ChannelLog& log, Deletions& deletions);
    ~Delivery() override;

    /// Starts the bus, beats and audits.
    void start();
    /// Says goodbye and stops the bus. Nothing is delivered afterwards.
    Task<void> stop();

    /// From the moment this resolves, `subscriber` gets every entry of every channel of its user. Until its
    /// first answered read (or Limits::opening_hold) its pushes are held. @errors unavailable, timed_out,
    /// overloaded
    Task<Result<void>> connect(std::shared_ptr<Subscriber> subscriber, Deadline deadline);
    /// Forgets it; nothing is called on it afterwards. Unknown subscribers are ignored.
    void disconnect(const Subscriber& subscriber);

    /// Holds all pushes to `subscriber` while an answer is prepared that they must not overtake. Nests.
    void hold(const Subscriber& subscriber);
    /// The answer was queued, with no suspension since it was made: what it covers is dropped from the held
    /// pushes, the others follow it now.
    void release(const Subscriber& subscriber, const Answered& answered);

    /// The channels in which `user` is a member now, each with its head. Mends projections that are behind,
    /// and reads again what is older than what was delivered here, or than what the client was `shown`.
    /// @errors unavailable (also: it stays older), timed_out, overloaded
    Task<Result<Stays>> stays_of(UserId user, Deadline deadline,
                                 std::unordered_map<ChannelId, Seq> shown = {});

    /// Shows a notice of a channel to the connections of `to` (of all its members, if nobody is named), here
    /// and on the nodes that have bound any of `keys`; at most kNamedMax each. Only to those who are in
    /// the channel by what the node of each knows. It may be lost: it is told once, is not repeated, and does
    /// not wait for a channel that is read anew (a resync, a connection's opening) beyond kHeldNoticesMax.
    void notify(Notice notice, std::vector<BusKey> keys, std::vector<UserId> to);
    static constexpr std::size_t kHeldNoticesMax = 256;

    /// Shows a notice of no channel to one connection, if it is open. Held back likewise.
    void tell(const Subscriber& subscriber, const NoticePushPtr& push);
    /// Publishes what may be lost: at once or never.
    void publish(BusMessage message, std::vector<BusKey> keys);
    /// `observer` is told as long as this lives.
    void observe(PeopleObserver& observer) { observers_.push_back(&observer); }
    /// The state_seq that the local members of `channel` are of; 0: not known here.
    Seq state_seq(ChannelId channel) const;
    bool is_open(const Subscriber& subscriber) const;
    /// Whether there are other nodes, by their beats.
    bool has_peers() const { return bus_is_up_ && peers_.count() > 1; }

    /// Ends the connections of `user` on every node.
    void sign_out(UserId user);
    /// Changes with every sign-out that is heard of, and when the bus comes up, since one may have been
    /// missed by then. Who looked up a session before it changed may have seen one that has ended.
    std::uint64_t sign_outs() const { return sign_outs_; }

    std::vector<std::shared_ptr<Subscriber>> subscribers() const;
    /// Whether the bus is up: what health shows.
    bool bus_is_up() const { return bus_is_up_; }

    void on_appended(const std::vector<EntryPtr>& run, MembershipPtr before, MembershipPtr after) override;
    void on_repeated(EntryPtr entry) override;
    void on_unknown(ChannelId channel) override;
    Seq shown(ChannelId channel) const override;
    void on_message(BusMessage message) override;
    void on_control(ControlMessage message) override;
    void on_down() override;
    void on_up() override;

private:
    struct Held;
    struct Local;
    struct Exceptions;
    struct ChannelState;
    struct UserState;

    // Connections: delivery.cpp
    UserState& attach(Local& local);
    void detach(Local& local);
    Task<Result<void>> load_members_of_new(const Stays& stays, Deadline deadline);
    Task<Result<void>> join(Local& local, const Stay& stay, Deadline deadline);
    void add_local(ChannelState& state, Local& local);
    void remove_local(ChannelState& state, Local& local);
    void note_if_unused(ChannelState& state);
    void erase_unused(SteadyTime now);
    void set_floor(Local& local, ChannelId channel, Seq seq);
    static bool is_covered(Exceptions& exceptions, const Entry& entry);
    void push_to(Local& local, ChannelState& state, const PushPtr& push);
    bool queue_to(Local& local, ChannelState& state, const PushPtr& push);
    void hold_push(Local& local, const PushPtr& push);
    void flush_held(Local& local);
    void may_have_missed(Local& local, const std::vector<std::pair<ChannelId, Seq>>& channels);
    void forget(Local& local);

    Task<Result<Stays>> read_stays(UserId user, Deadline deadline);
    bool is_behind(UserId user, const Stays& stays, const std::unordered_map<ChannelId, Seq>& shown);

    // Entries in order: delivery_order.cpp
    ChannelState& start_channel(ChannelId channel, Seq cursor, Seq state_seq);
    ChannelState* find(ChannelId channel);
    void on_entry(const EntryPtr& entry);
    void on_unknown_channel(const EntryPtr& entry);
    void hear_of(ChannelId channel, Seq seq);
    void note_head(ChannelId channel, Seq seq);
    Task<void> discover(ChannelId channel, Seq state_seq, Seq seen);
    Seq missed_from(const Membership& members) const;
    ChannelState* start_missed(ChannelId channel, MembershipPtr members, Seq seen);
    void attach_missed(ChannelState& state, const Membership& members, UserId user);
    Task<void> reconcile(ChannelId channel, UserId user);
    Task<void> follow_up(ChannelId channel);
    Task<bool> look_after(ChannelId channel);
    void start_pump(ChannelState& state);
    Task<void> pump(ChannelId channel);
    Task<Result<bool>> step(ChannelId channel);
    Task<Result<bool>> fill(ChannelId channel);
    Task<Result<bool>> skip_removed(ChannelId channel);
    Task<Result<void>> deliver_slowly(ChannelId channel, EntryPtr entry);
    void deliver(ChannelState& state, const PushPtr& push);
    void deliver_edit(ChannelState& state, const PushPtr& push, const Membership& members);
    void note_delivered(ChannelState& state, const Entry& entry);

    // Members that change: delivery_members.cpp
    Task<Result<PushPtr>> welcome_for(PushPtr push, MembershipPtr after, Deadline deadline);
    void deliver_change(ChannelState& state, const PushPtr& push, const PushPtr& welcome,
                        const Membership& after);
    void welcome_back(Local& local, ChannelState& state, const PushPtr& welcome);
    void rebuild(ChannelState& state, const Membership& members);
    void bind_if_large(ChannelState& state, std::size_t members);
    Task<void> check_when_bound(ChannelId channel);

    // Beside the logs: delivery_notices.cpp
    void show(const Notice& notice, const std::vector<UserId>& to);
    void show_to(Local& local, ChannelId channel, const NoticePushPtr& push);
    void flush_notices(Local& local, const Held& held);
    Task<void> publish_once(BusMessage message, std::vector<BusKey> keys);

    // Time: audit.cpp
    Task<void> tick_for_ever();
    void tick(SteadyTime now);
    void expire_opening_holds(SteadyTime now);
    void unbind_idle(SteadyTime now);
    void close_unsynced(SteadyTime now);
    Task<void> audit_for_ever();
    Task<void> audit_everything(bool urgent);
    Task<void> audit_channels(bool urgent);
    Task<bool> audit_starts(std::vector<Place> after_cursors);
    Task<void> audit_users(bool urgent);
    bool lacks_connection(const MemberRow& row);
    std::chrono::milliseconds audit_period() const;

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    Directory& directory_;
    ChannelLog& log_;
    Deletions& deletions_;
    Announcer announcer_;
    Peers peers_;
    FlatMap<const Subscriber*, std::unique_ptr<Local>> locals_;
    FlatMap<UserId, std::unique_ptr<UserState>> users_;
    FlatMap<ChannelId, std::unique_ptr<ChannelState>> channels_;
    std::unordered_set<ChannelId> discovering_;
    std::unordered_set<ChannelId> following_up_;
    /// While connections are being made: the greatest seq seen of channels that no state exists for yet.
    std::unordered_map<ChannelId, Seq> early_;
    std::size_t connecting_ = 0;
    std::deque<std::pair<SteadyTime, std::weak_ptr<Subscriber>>> opening_;
    std::deque<std::pair<SteadyTime, UserId>> unbinding_;
    std::deque<std::pair<SteadyTime, ChannelId>> unused_;
    std::unordered_set<const Subscriber*> unsynced_;
    bool bus_is_up_ = false;
    bool audit_wanted_ = false;
    SteadyTime audited_at_{};  ///< When the last audit began that looked at every channel.
    bool stopping_ = false;
    std::vector<PeopleObserver*> observers_;
    std::size_t notices_in_flight_ = 0;
    std::uint64_t sign_outs_ = 0;
    std::uint64_t beat_number_ = 0;
    SteadyTime beat_due_{};
    SteadyTime ticked_at_{};
    prometheus::Counter& delivered_;
    prometheus::Counter& repeats_;
    prometheus::Counter& gaps_;
    prometheus::Counter& audits_;
    prometheus::Counter& found_by_audit_;
    prometheus::Counter& resyncs_;
    prometheus::Counter& notices_;
    prometheus::Counter& notices_dropped_;
};

}  // namespace warren::chat
