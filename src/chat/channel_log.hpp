#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/oneshot.hpp"
#include "chat/environment.hpp"
#include "chat/memberships.hpp"

namespace warren::chat {

/// What a proposal is checked against: the log and its members right before it.
struct Before {
    Seq head = 0;
    const Membership& members;
};

/// Something that somebody wants to append.
struct Proposal {
    UserId sender;
    std::string nonce;  ///< Never empty: the caller makes one where the client gave none.
    EntryBody body;
    /// Evaluated as of the head that is built on, at every attempt, in order of the log. Pure.
    std::function<Result<void>(const Before&)> check;
};

/// An entry that is stored for good.
struct Appended {
    EntryPtr entry;
    bool repeated = false;  ///< It was there before: the nonce had been used for the same content.
};

/// Told of every run that this node appended, right after it was stored and its projections written, before
/// the appends resolve. `before` and `after` are the memberships around the run.
class AppendObserver {
public:
    virtual ~AppendObserver() = default;
    virtual void on_appended(const std::vector<EntryPtr>& run, MembershipPtr before, MembershipPtr after) = 0;
    /// A nonce was found again: its announcement may have been lost with the node that stored it.
    virtual void on_repeated(EntryPtr entry) = 0;
};

/// Appends to the logs: numbers entries densely, once per nonce, durable before acknowledged, whatever other
/// nodes append at the same time. The algorithm is docs/storage.md#append; each of its rules is in
/// chat/rules.hpp. On the chat executor only. Memory: what waits (bounded per channel) and a small cache of
/// heads.
class ChannelLog {
public:
    ChannelLog(asio::any_io_executor executor, Environment& env, Memberships& memberships);
    ~ChannelLog();

    /// Who is told; set once before the first append.
    void observe(AppendObserver& observer) { observer_ = &observer; }

    /// Appends, in order of the calls of one channel. Enqueues before it suspends for the first time.
    /// @errors whatever `check` says; nonce_conflict; overloaded; unavailable or timed_out (the outcome is
    /// unknown: a retry with the same nonce is stored once)
    Task<Result<Appended>> append(ChannelId channel, Proposal proposal, Deadline deadline);

    /// Another node's entry was seen here: what is known of the head is too old.
    void on_foreign(ChannelId channel, Seq seq);

private:
    struct Waiting;
    struct Log;
    struct Round;
    using WaitingPtr = std::shared_ptr<Waiting>;

    Log& log_of(ChannelId channel);
    void forget_idle();
    Task<void> run(ChannelId channel, Log& log);
    Task<void> do_batch(ChannelId channel, Log& log);
    Task<Result<void>> learn_head(ChannelId channel, Log& log, const std::vector<WaitingPtr>& batch,
                                  Deadline deadline);
    Task<Result<void>> resolve_known_nonces(ChannelId channel, std::vector<WaitingPtr>& batch,
                                            Deadline deadline);
    std::vector<EntryPtr> build(ChannelId channel, Log& log, std::vector<WaitingPtr>& batch,
                                const Membership& members);
    Task<Result<std::size_t>> store(ChannelId channel, Log& log, const std::vector<EntryPtr>& run,
                                    Deadline deadline);
    Task<void> finish(ChannelId channel, Log& log, std::vector<WaitingPtr> stored, std::vector<EntryPtr> run,
                      MembershipPtr before, Deadline deadline);

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    AppendObserver* observer_ = nullptr;
    std::unordered_map<ChannelId, std::unique_ptr<Log>> logs_;
};

}  // namespace warren::chat
