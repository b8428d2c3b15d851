#pragma once
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>

#include "chat/chat.hpp"
#include "gateway/arguments.hpp"
#include "gateway/client.hpp"
#include "gateway/options.hpp"

namespace warren::gateway {

class Call;

/// What remains to be done of an event whose arguments were found in order: runs on the chat shard and gives
/// the JSON text of the answer's `data`. The Call outlives it.
using Doing = std::function<Task<Result<std::string>>(Call&)>;

/// An event that clients send.
struct Verb {
    std::string_view name;
    RateClass rate;
    /// Reads the arguments, on the connection's shard; pure.
    Result<Doing> (*check)(const Arguments& args, const chat::Limits& limits);
};

template <class Command>
Doing doing(Task<Result<std::string>> (*handle)(Call&, Command), Command command) {
    return [handle, command = std::move(command)](Call& call) mutable {
        return handle(call, std::move(command));
    };
}

/// The verb of that name, or null.
const Verb* find_verb(std::string_view name);
std::span<const Verb* const> all_verbs();

/// One event in progress, answered exactly once whatever happens. On the chat shard only.
class Call : public std::enable_shared_from_this<Call> {
public:
    Call(std::shared_ptr<Core> core, std::shared_ptr<Client> client, const Verb& verb, socketio::Ack ack);

    chat::Chat& chat();
    Client& client() { return *client_; }
    UserId user() const { return client_->user(); }
    const Verb& verb() const { return verb_; }
    Deadline deadline() const { return deadline_; }
    const std::string& node_name() const;

    /// Queues the answer, behind everything that chat's thread has queued to this client before. Only the
    /// first one counts: false for others.
    bool answer(Result<std::string> data);

    /// From here on it is answered at its deadline at the latest.
    void enlist();
    /// Takes the call up: counts it against its person's and its address's rates and runs `doing`.
    void start(Doing doing);

private:
    Result<void> take_rates();

    std::shared_ptr<Core> core_;
    std::shared_ptr<Client> client_;
    const Verb& verb_;
    socketio::Ack ack_;
    Deadline deadline_;
    SteadyTime began_;
    bool answered_ = false;
    std::list<std::weak_ptr<Call>>::iterator place_;
};

}  // namespace warren::gateway
