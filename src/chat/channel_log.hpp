#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "chat/environment.hpp"
#include "chat/memberships.hpp"
#include "chat/targets.hpp"

namespace warren::chat {

/// What a proposal is checked against: the log and its members right before it.
struct Before {
    Seq head = 0;
    const Membership& members;
    /// In a one-to-one chat (also one that is being made), those between the two: read for this attempt, or
    /// none where the insert will be refused if there are any.
    const std::vector<Block>& blocks;
    /// The message that it edits, deletes, reacts to or replies to; null where there is no such message. What
    /// was done to the message is applied, except for a reply.
    const MessageState* target = nullptr;
};

/// `before.target`, unless that is from before what `reader` may read; null then.
const MessageState* readable_target(const Before& before, const Standing& reader);

/// Something that somebody wants to append.
struct Proposal {
    UserId sender;
    std::string nonce;  ///< Never empty: the caller makes one where the client gave none.
    EntryBody body;
    /// Evaluated as of the head that is built on, at every attempt, in order of the log. Pure. That a block
    /// stands between the two of a one-to-one chat need not be checked here.
    std::function<Result<void>(const Before&)> check;
    /// Whether it would change nothing: it is then not appended, and resolves without an entry. May be empty.
    std::function<bool(const Before&)> is_needless = {};
    /// Adds to the body what follows from the members right before it; may be empty. Pure. What a repeat with
    /// the same nonce is compared with is the body without it. @see same_request
    std::function<void(const Membership&, EntryBody&)> complete = nullptr;
};

/// An entry that is stored for good.
struct Appended {
    EntryPtr entry;         ///< Null only where Proposal::is_needless said so.
    bool repeated = false;  ///< It was there before: the nonce had been used for the same content.
};

/// Told of what this node appended. On the chat executor.
class AppendObserver {
public:
    virtual ~AppendObserver() = default;
    /// Every run, right after it was stored. `before` and `after` are the memberships around it.
    virtual void on_appended(const std::vector<EntryPtr>& run, MembershipPtr before, MembershipPtr after) = 0;
    /// A nonce was found stored: its announcement may have been lost, or not yet made.
    virtual void on_repeated(EntryPtr entry) = 0;
    /// Something may have been stored, now or soon, of which nobody knows.
    virtual void on_unknown(ChannelId channel) = 0;
    /// The greatest seq of `channel` that was shown to anybody here; 0 if none is known.
    virtual Seq shown(ChannelId channel) const = 0;
};

/// Appends to the logs: numbers entries densely, once per nonce, durable before acknowledged, whatever other
/// nodes append at the same time. The insert of the next seqs is the compare-and-set: what is built on an old
/// head collides. Each rule that this takes is in chat/rules.hpp. On the chat executor only. Memory: what
/// waits (bounded per channel) and one small record per channel written to lately.
/// @see docs/storage.md#append
class ChannelLog {
public:
    ChannelLog(asio::any_io_executor executor, Environment& env, Memberships& memberships);
    ~ChannelLog();

    /// Who is told; set once before the first append.
    void observe(AppendObserver& observer) { observer_ = &observer; }

    /// Appends, in order of the calls of one channel: enqueues before it suspends for the first time.
    /// @errors whatever `check` says; forbidden (the two of a one-to-one chat, and one has blocked the other:
    /// nothing may be written there but deletions); nonce_conflict; overloaded; unavailable or timed_out (the
    /// outcome is unknown: a retry with the same nonce is stored once)
    Task<Result<Appended>> append(ChannelId channel, Proposal proposal, Deadline deadline);

    /// Another node's entry was seen here: what is known of the head is too old.
    void on_foreign(ChannelId channel, Seq seq);

private:
    struct Waiting;
    struct Log;
    struct Head;
    struct Moment;
    using WaitingPtr = std::shared_ptr<Waiting>;
    using Batch = std::vector<WaitingPtr>;

    Log& log_of(ChannelId channel);
    void forget_idle();
    Task<void> run(ChannelId channel, Log& log);
    Batch take_batch(Log& log);
    Task<void> do_batch(ChannelId channel, Log& log);
    Task<Result<Head>> learn_head(ChannelId channel, Log& log, Deadline deadline);
    Task<Result<void>> resolve_repeats(ChannelId channel, Log& log, Batch& batch, Deadline deadline);
    Batch admit(Log& log, Before before, Batch& batch, Targets& targets, bool looked);
    std::optional<Result<Appended>> judge(Waiting& waiting, const Before& before);
    std::vector<EntryPtr> build(ChannelId channel, Head head, const Batch& admitted,
                                const Membership& members);
    Task<bool> store(ChannelId channel, Log& log, std::vector<EntryPtr> run, Unless unless, Moment began,
                     Deadline deadline);
    Task<Result<void>> confirm(const Entry& first, Deadline deadline);
    Task<void> finish(ChannelId channel, Log& log, Batch stored, std::vector<EntryPtr> run,
                      MembershipPtr before, Deadline deadline);
    void resolve(Log& log, const WaitingPtr& waiting, const Result<Appended>& outcome);
    Task<void> back_off(int attempt, Deadline deadline);

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    AppendObserver* observer_ = nullptr;
    std::unordered_map<ChannelId, std::unique_ptr<Log>> logs_;
    prometheus::Counter& collisions_;
};

}  // namespace warren::chat
