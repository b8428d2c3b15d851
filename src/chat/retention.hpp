#pragma once
#include <unordered_map>

#include "chat/environment.hpp"
#include "chat/memberships.hpp"
#include "chat/pages.hpp"

namespace warren::chat {

/// Takes the oldest buckets from channels: those that are full, followed by two others at least, and by the
/// channel's retention (its own, else Limits::retention) no longer wanted. First the channel's document says
/// that its log begins later, then the entries are removed, then that they are is noted there: whichever node
/// finds that half done finishes it. Any number of nodes may do the same at once. On the chat executor only.
/// Memory: a few bytes for each channel that anything was removed of. @see docs/storage.md#retention
class Retention {
public:
    Retention(asio::any_io_executor executor, Environment& env, Memberships& memberships, Pages& pages);

    /// Begins to look at every channel: at once, then every Limits::retention_sweep_every.
    void start();
    void stop() { stopping_ = true; }

    /// What holds for `channel`.
    const RetentionPolicy& policy_of(const Channel& channel) const;

private:
    Task<void> sweep_for_ever();
    Task<Result<void>> sweep();
    Task<Result<void>> sweep_some(std::vector<Channel> channels);
    Task<Result<void>> sweep_one(Channel channel, EntryPtr head);
    Task<Result<EntryPtr>> last_unwanted(const Channel& channel, const Entry& head, Deadline deadline);
    bool is_unwanted(const RetentionPolicy& policy, const Entry& last, const Entry& head) const;
    Task<Result<void>> remove(ChannelId channel, LogStart start);
    Task<void> drop_pages(ChannelId channel, Seq removed_before);
    Deadline soon() const { return env_.clock.in(env_.limits.store_timeout); }

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    Pages& pages_;
    bool stopping_ = false;
    /// Pages before these seqs are not in this node's cache, and are not put there any more.
    std::unordered_map<ChannelId, Seq> dropped_before_;
    prometheus::Counter& removed_;
    prometheus::Counter& failures_;
    prometheus::Histogram& seconds_;
};

/// Whether an entry made at `at` is so old that its bucket may have been removed, or that nobody knows any
/// more what came after it.
bool may_be_removed(const Environment& env, WallTime at);

/// Whether `seq` is in the log still, as of now. Reads the channel's document.
Task<Result<bool>> is_kept(Environment& env, ChannelId channel, Seq seq, Deadline deadline);

}  // namespace warren::chat
