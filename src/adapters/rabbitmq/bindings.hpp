#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "adapters/rabbitmq/pending_reply.hpp"

namespace warren::rabbitmq {

/// What a node wants bound in one partition, what its queue has, and the steps still to be taken. A key waits
/// at most once however often it was bound and unbound meanwhile, so this grows with keys, not with calls.
/// Thread-safe.
class Bindings {
public:
    struct Bind {
        std::string key;
    };
    struct Unbind {
        std::string key;
    };
    /// To be answered once every step before it is done. No reply: the one that `restart` puts last.
    struct Barrier {
        std::shared_ptr<PendingReply> reply;
    };
    using Step = std::variant<Bind, Unbind, Barrier>;

    /// True where the thread that takes steps has to be woken.
    bool bind(std::string key) { return want(std::move(key), true); }
    bool unbind(std::string key) { return want(std::move(key), false); }
    /// Answers `reply` at once where bindings do not stand.
    bool add_barrier(std::shared_ptr<PendingReply> reply);
    /// The barrier of `restart` was passed: until the next `restart`, bindings stand.
    void set_standing();

    /// The next step to take, counted as taken.
    std::optional<Step> next();
    /// The queue is a new one without bindings: steps for every wanted key, then a barrier without a reply.
    /// Barriers that wait, and those that come before `set_standing`, are answered with `why`.
    void restart(const Error& why);
    /// Answers the waiting barriers whose deadline has passed, and leaves them out.
    void expire(std::chrono::steady_clock::time_point now);

private:
    struct State {
        bool wanted = false;
        bool bound = false;
        bool waits = false;
    };
    using Waiting = std::variant<std::string, Barrier>;

    bool want(std::string key, bool wanted);

    std::mutex mutex_;
    std::unordered_map<std::string, State> keys_;
    std::deque<Waiting> waiting_;
    std::size_t barriers_ = 0;
    std::optional<Error> not_standing_ = Error(Errc::unavailable, "RabbitMQ is not connected yet.");
};

}  // namespace warren::rabbitmq
