#include "chat/retention.hpp"

#include <algorithm>
#include <map>

#include "base/log.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kChannelsPerRead = 200;
/// Buckets of one channel that are looked at, and then removed, in one go.
constexpr Bucket kBucketsAtOnce = 32;
/// The newest buckets stay, whatever their age: the one that is written to, and the one before, which
/// delivery may have to read again.
constexpr Bucket kBucketsKept = 2;
/// Between two buckets and between two reads of channels: whatever else waits for the store goes first.
constexpr std::chrono::milliseconds kPause{20};

/// One past the newest bucket that may go.
Bucket end_of_removable(const Entry& head) {
    const auto buckets = bucket_of(head.seq) + 1;
    return buckets - std::min(buckets, kBucketsKept);
}

}  // namespace

bool may_be_removed(const Environment& env, WallTime at) {
    return env.clock.wall() - at > env.limits.retention_min_age / 2;
}

Task<Result<bool>> is_kept(Environment& env, ChannelId channel, Seq seq, Deadline deadline) {
    auto reading = env.channels.channels({channel}, deadline);
    WARREN_CO_TRY(documents, co_await std::move(reading));
    co_return documents.empty() || documents.front().start.first_seq <= seq;
}

Retention::Retention(asio::any_io_executor executor, Environment& env, Memberships& memberships, Pages& pages)
    : executor_(std::move(executor)),
      env_(env),
      memberships_(memberships),
      pages_(pages),
      removed_(env.metrics.counter("warren_retention_buckets_removed_total",
                                   "Buckets of 128 entries that retention removed.")),
      failures_(env.metrics.counter("warren_retention_failures_total",
                                    "Channels or lists of channels that a sweep had to leave to the next.")),
      seconds_(env.metrics.seconds("warren_retention_sweep_seconds", "A look at every channel.")) {}

void Retention::start() {
    spawn(executor_, "retention", sweep_for_ever());
}

const RetentionPolicy& Retention::policy_of(const Channel& channel) const {
    return channel.retention ? *channel.retention : env_.limits.retention;
}

Task<void> Retention::sweep_for_ever() {
    while (!stopping_) {
        const auto started = env_.clock.now();
        auto sweeping = sweep();
        const auto swept = co_await std::move(sweeping);
        if (swept.has_error()) {
            failures_.Increment();
            log::warn("retention_not_finished", {{"reason", swept.error().message}});
        }
        const std::chrono::duration<double> took = env_.clock.now() - started;
        seconds_.Observe(took.count());
        auto sleeping = env_.clock.sleep_until(env_.clock.now() + env_.limits.retention_sweep_every);
        co_await std::move(sleeping);
    }
}

Task<Result<void>> Retention::sweep() {
    for (ChannelId after; !stopping_;) {
        auto listing = env_.channels.list(after, kChannelsPerRead, soon());
        WARREN_CO_TRY(channels, co_await std::move(listing));
        if (channels.empty()) break;
        const bool last = channels.size() < kChannelsPerRead;
        after = channels.back().id;
        auto sweeping = sweep_some(std::move(channels));
        WARREN_CO_TRY_VOID(co_await std::move(sweeping));
        if (last) break;
        auto pausing = env_.clock.sleep_until(env_.clock.now() + kPause);
        co_await std::move(pausing);
    }
    co_return Result<void>();
}

Task<Result<void>> Retention::sweep_some(std::vector<Channel> channels) {
    std::vector<ChannelId> ids;
    for (const auto& channel : channels) {
        auto dropping = drop_pages(channel.id, channel.start.removed_before);
        co_await std::move(dropping);
    }
    const auto is_left_alone = [this](const Channel& channel) {
        return policy_of(channel).keeps_all() && channel.start.removed_before == channel.start.first_seq;
    };
    std::erase_if(channels, is_left_alone);
    for (const auto& channel : channels)
        ids.push_back(channel.id);
    if (ids.empty()) co_return Result<void>();
    auto reading = env_.entries.heads(std::move(ids), soon());
    WARREN_CO_TRY(heads, co_await std::move(reading));
    for (std::size_t i = 0; i < channels.size() && !stopping_; ++i) {
        if (!heads[i]) continue;
        const auto id = channels[i].id;
        auto sweeping = sweep_one(std::move(channels[i]), heads[i]);
        const auto swept = co_await std::move(sweeping);
        // The others may succeed, and what was begun here is finished by the next sweep.
        if (swept.has_value()) continue;
        failures_.Increment();
        log::warn("retention_not_finished", {{"channel", id.hex()}, {"reason", swept.error().message}});
    }
    co_return Result<void>();
}

Task<Result<void>> Retention::sweep_one(Channel channel, EntryPtr head) {
    // What another node, or an earlier life of this one, has begun.
    if (on(Rule::finish_removals)) {
        auto finishing = remove(channel.id, channel.start);
        WARREN_CO_TRY_VOID(co_await std::move(finishing));
    }
    while (!stopping_) {
        auto looking = last_unwanted(channel, *head, soon());
        WARREN_CO_TRY(last, co_await std::move(looking));
        if (!last) break;
        // Who is in the channel is told by its document and rows alone, once the entries are gone.
        auto mending = memberships_.bring_up(channel.id, last->state_seq, soon());
        WARREN_CO_TRY_VOID(co_await std::move(mending));
        const LogStart later{last->seq + 1, last->count, channel.start.removed_before};
        if (on(Rule::begin_later_first)) {
            auto raising = env_.channels.raise_start(channel.id, later, soon());
            WARREN_CO_TRY_VOID(co_await std::move(raising));
        }
        auto removing = remove(channel.id, later);
        WARREN_CO_TRY_VOID(co_await std::move(removing));
        channel.start = {later.first_seq, later.count_before, later.first_seq};
    }
    co_return Result<void>();
}

/// The last entry of the last bucket that is to go, of the first few; null where none is.
Task<Result<EntryPtr>> Retention::last_unwanted(const Channel& channel, const Entry& head,
                                                Deadline deadline) {
    EntryPtr last;
    const auto& policy = policy_of(channel);
    const auto first = bucket_of(channel.start.first_seq);
    const auto end = std::min(end_of_removable(head), first + kBucketsAtOnce);
    if (policy.keeps_all() || first >= end) co_return last;
    std::vector<Place> places;
    for (auto bucket = first; bucket < end; ++bucket)
        places.push_back({channel.id, last_seq_of(bucket)});
    auto reading = env_.entries.at(std::move(places), deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->seq < b->seq; });
    for (auto& entry : found) {
        const Seq next = last ? last->seq + kBucketSize : last_seq_of(first);
        if (entry->seq != next || !is_unwanted(policy, *entry, head)) break;
        last = std::move(entry);
    }
    co_return last;
}

bool Retention::is_unwanted(const RetentionPolicy& policy, const Entry& last, const Entry& head) const {
    const auto age = env_.clock.wall() - last.at;
    if (age < env_.limits.retention_min_age) return false;
    const bool is_old = policy.max_age.count() != 0 && age >= policy.max_age;
    return is_old || (policy.max_messages != 0 && head.count - last.count >= policy.max_messages);
}

/// What `start` says is not shown any more, and not removed yet.
Task<Result<void>> Retention::remove(ChannelId channel, LogStart start) {
    if (start.removed_before == start.first_seq) co_return Result<void>();
    for (auto bucket = bucket_of(start.removed_before); bucket < bucket_of(start.first_seq); ++bucket) {
        auto removing = env_.entries.remove_bucket(channel, bucket, soon());
        WARREN_CO_TRY_VOID(co_await std::move(removing));
        removed_.Increment();
        auto pausing = env_.clock.sleep_until(env_.clock.now() + kPause);
        co_await std::move(pausing);
    }
    auto dropping = drop_pages(channel, start.first_seq);
    co_await std::move(dropping);
    start.removed_before = start.first_seq;
    auto noting = env_.channels.raise_start(channel, start, soon());
    WARREN_CO_TRY_VOID(co_await std::move(noting));
    log::info("retention_removed", {{"channel", channel.hex()}, {"firstSeq", start.first_seq}});
    co_return Result<void>();
}

/// Once entries are gone from the store: whoever read them before does not put their page there after this.
Task<void> Retention::drop_pages(ChannelId channel, Seq removed_before) {
    if (removed_before == 1) co_return;
    auto dropped_before = dropped_before_.try_emplace(channel, Seq{1}).first->second;
    for (; dropped_before < removed_before; dropped_before += kBucketSize) {
        auto dropping = pages_.drop(channel, bucket_of(dropped_before));
        co_await std::move(dropping);
    }
    auto& known = dropped_before_[channel];
    known = std::max(known, dropped_before);
}

}  // namespace warren::chat
