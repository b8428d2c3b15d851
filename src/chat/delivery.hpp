#pragma once
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "chat/channel_log.hpp"
#include "chat/directory.hpp"
#include "chat/subscriber.hpp"

namespace warren::chat {

/// A current membership of one person, with the head that proves it.
struct Stay {
    MemberRow row;
    EntryPtr head;
    Channel document;  ///< As of the head's state_seq.
};

/// Brings every entry to every local connection of every member, once, in order, and finds by itself what the
/// bus lost: a cursor per channel with a local member, gaps read from the store, audits. The rules are in
/// DELIVERY of ARCHITECTURE.md, each named in chat/rules.hpp. On the chat executor only. Memory: some dozen
/// bytes per channel with a local member and per (connection, channel).
class Delivery final : public AppendObserver, public BusListener {
public:
    Delivery(asio::any_io_executor executor, Environment& env, Memberships& memberships, Directory& directory,
             ChannelLog& log);
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
    /// The answer was queued; it covers each channel in `covered` up to the given seq: held pushes that it
    /// covers are dropped, the others follow it now. `synced`: the answer was a sync's; the channels in it
    /// are no longer silent.
    void release(const Subscriber& subscriber, const std::unordered_map<ChannelId, Seq>& covered,
                 bool synced);

    /// The channels in which `user` is a member now, each with its head. Mends projections that are behind.
    Task<Result<std::vector<Stay>>> stays_of(UserId user, Deadline deadline);

    /// Ends the connections of `user` on every node.
    void sign_out(UserId user);

    /// The users with a connection here.
    std::size_t connected_users() const { return users_.size(); }
    std::vector<std::shared_ptr<Subscriber>> subscribers() const;
    /// Whether the bus is up: what health shows.
    bool bus_is_up() const { return bus_is_up_; }

    void on_appended(const std::vector<EntryPtr>& run, MembershipPtr before, MembershipPtr after) override;
    void on_repeated(EntryPtr entry) override;
    void on_message(BusMessage message) override;
    void on_control(ControlMessage message) override;
    void on_down() override;
    void on_up() override;

private:
    struct Local;
    struct ChannelState;
    struct UserState;

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    Directory& directory_;
    ChannelLog& log_;
    std::unordered_map<const Subscriber*, std::unique_ptr<Local>> locals_;
    std::unordered_map<UserId, std::unique_ptr<UserState>> users_;
    std::unordered_map<ChannelId, std::unique_ptr<ChannelState>> channels_;
    bool bus_is_up_ = false;
};

}  // namespace warren::chat
