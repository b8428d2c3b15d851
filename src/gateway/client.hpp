#pragma once
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "chat/accounts.hpp"
#include "chat/subscriber.hpp"
#include "gateway/rates.hpp"
#include "http/shard.hpp"
#include "socketio/connection.hpp"

namespace warren::gateway {

struct Core;
struct PerAddress;

/// An answer on its way; without an acknowledgement it only says that the event is done with.
struct Reply {
    socketio::Ack ack;
    std::string json;
};
/// The connection is to end: for good, or so that the client comes back, which happens after `within`.
struct End {
    bool for_good = false;
    std::chrono::milliseconds within{0};
};
/// What chat's thread has to say to a connection.
using Word = std::variant<socketio::EncodedPacket, Reply, End>;

/// A signed-in connection as chat sees it. chat's thread calls what Subscriber has, and the connection's
/// shard the rest. Owned by its Registration, which lets it go by Outbox::keep, and, while it subscribes, by
/// chat::Delivery; it owns the connection only from `connected` to `gone`.
class Client final : public chat::Subscriber, public std::enable_shared_from_this<Client> {
public:
    Client(std::shared_ptr<Core> core, http::Shard& shard, std::shared_ptr<PerAddress> address,
           const chat::Identity& identity);

    UserId user() const override { return user_; }
    const std::shared_ptr<Core>& core() const { return core_; }
    const TokenHash& session() const { return session_; }
    PerAddress& address() const { return *address_; }
    http::Shard& shard() { return shard_; }

    void push(const chat::PushPtr& push) override;
    void notice(const chat::NoticePushPtr& push) override;
    void resync(const std::vector<std::pair<ChannelId, Seq>>& channels) override;
    void reconnect() override;
    void signed_out() override;

    /// The CONNECT answer was queued: what waited for that follows it.
    void connected(std::shared_ptr<socketio::Connection> connection);
    /// Nothing reaches the connection any more.
    void gone();
    /// Does what `word` says; before `connected` that waits, up to Options::early_bytes_max. A packet is left
    /// as it is, for others.
    void deliver(Word& word);
    /// Begins to bring into the cache what `deliver` touches of the connection.
    [[gnu::always_inline]] void prefetch() const { footprint_.prefetch(); }
    /// Counts an event in. @errors unavailable (about to close), overloaded, rate_limited
    Result<void> take(RateClass what, SteadyTime now);
    /// The event that was taken goes no further than this shard.
    void dismissed() { finished(); }

private:
    /// Queues what `json` makes of `push`, made once for all connections.
    template <class Push>
    void put_encoded(const Push& push, std::string (*json)(const Push&));
    void end(const End& end);
    void finished();
    void close_when_idle();

    // What a push touches lies together, at the beginning.
    std::shared_ptr<Core> core_;
    http::Shard& shard_;
    // From here on the connection's shard only, but for what is const.
    std::shared_ptr<socketio::Connection> connection_;
    socketio::Connection::Footprint footprint_;
    bool was_connected_ = false;
    bool closing_ = false;  // No further events; the transport closes once those taken are answered.
    std::size_t in_flight_ = 0;
    std::size_t early_bytes_ = 0;
    std::vector<Word> early_;
    RateSet rates_;
    std::unique_ptr<http::Timer> closer_;  ///< Null where it is not to end later.
    const std::shared_ptr<PerAddress> address_;
    const UserId user_;
    const TokenHash session_;
};

}  // namespace warren::gateway
