#pragma once
#include <atomic>
#include <list>
#include <map>
#include <random>
#include <unordered_map>

#include "base/flat_map.hpp"
#include "chat/accounts.hpp"
#include "chat/chat.hpp"
#include "gateway/call.hpp"
#include "gateway/options.hpp"
#include "gateway/outbox.hpp"
#include "gateway/rates.hpp"

namespace warren::gateway {

/// The gateway's metrics.
struct Counts {
    explicit Counts(Metrics& m);
    prometheus::Counter& pushed;
    prometheus::Counter& encoded;
    prometheus::Gauge& connections;
    prometheus::Histogram& seconds;
    /// By what was answered: `ok` or an error's wire name.
    prometheus::Counter& answers(std::string_view code) { return *answers_.at(code); }
    prometheus::Counter& events(const Verb& verb) { return *events_.at(&verb); }

private:
    std::unordered_map<const Verb*, prometheus::Counter*> events_;
    std::map<std::string_view, prometheus::Counter*> answers_;
};

/// What a node knows of one person with connections here.
struct PerUser {
    RateSet rates;
    std::size_t connections = 0;
};

/// What a node knows of one address (an IPv6 one's /64) with connections here, which share it.
struct PerAddress {
    TokenBucket events;
    std::size_t connections = 0;  ///< And those on their way in.
};

/// What the parts of the gateway share. On the chat shard only, but for what is constant or atomic.
struct Core {
    Core(chat::Chat& chat, chat::Accounts& accounts, http::Shard& chat_shard, Options options,
         Metrics& metrics);

    chat::Chat& chat;
    chat::Accounts& accounts;
    http::Shard& chat_shard;
    const Options options;
    Counts counts;
    std::shared_ptr<Outbox> outbox;
    std::atomic<bool> stopped{false};
    std::atomic<bool> draining{false};
    std::atomic<std::size_t> connections{0};

    std::unordered_map<UserId, PerUser> users;
    std::unordered_map<std::string, std::shared_ptr<PerAddress>> addresses;
    FlatMap<const Client*, std::weak_ptr<Client>> clients;
    std::list<std::weak_ptr<Call>> unanswered;  // In order of their deadlines.

    SteadyTime now() const { return chat.environment().clock.now(); }
    /// A random span below `most`.
    std::chrono::milliseconds up_to(std::chrono::milliseconds most);

private:
    std::minstd_rand random_{std::random_device{}()};
};

/// A signed-in connection's entry in all that counts it, from before chat knows of it until after chat has
/// forgotten it. The connection's context owns it, so it goes with the connection at the latest, on any
/// shard.
class Registration {
public:
    Registration(std::shared_ptr<Core> core, std::shared_ptr<PerAddress> address)
        : core_(std::move(core)), address_(std::move(address)) {}
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

    std::shared_ptr<Client> client;

private:
    std::shared_ptr<Core> core_;
    std::shared_ptr<PerAddress> address_;
};
using RegistrationPtr = std::shared_ptr<Registration>;

/// Lets in the connection that shows `token` and lives on `shard`. On the chat shard.
/// @errors unauthenticated; anything else: not now
Task<Result<RegistrationPtr>> admit_client(std::shared_ptr<Core> core, http::Shard* shard, std::string token,
                                           std::string address_key);

/// Time-outs, and the re-checks of sessions; until the core is stopped.
Task<void> watch(std::shared_ptr<Core> core);
/// Ends every connection whose session has ended or expired or whose person is suspended; whether all could
/// be checked.
Task<bool> recheck(std::shared_ptr<Core> core);

}  // namespace warren::gateway
