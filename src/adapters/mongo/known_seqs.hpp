#pragma once
#include <mutex>
#include <unordered_map>

#include "model/ids.hpp"
#include "model/seq.hpp"

namespace warren::adapters::mongo {

/// The newest seq that this node saw of each channel: where to begin to look for its head, so that the query
/// names a bucket (one shard, a few index keys) and not a whole channel. Never an answer by itself, and since
/// committed entries do not go away, never too high. Bounded; forgetting costs one slower query. Thread-safe.
class KnownSeqs {
public:
    static constexpr std::size_t kChannelsMax = 100'000;

    /// 0 if nothing is known.
    Seq of(ChannelId channel) const {
        const std::lock_guard lock(mutex_);
        const auto found = seqs_.find(channel);
        return found == seqs_.end() ? 0 : found->second;
    }
    void note(ChannelId channel, Seq seq) {
        const std::lock_guard lock(mutex_);
        if (seqs_.size() >= kChannelsMax && !seqs_.contains(channel)) seqs_.erase(seqs_.begin());
        auto& known = seqs_[channel];
        if (known < seq) known = seq;
    }
    void forget(ChannelId channel) {
        const std::lock_guard lock(mutex_);
        seqs_.erase(channel);
    }

private:
    mutable std::mutex mutex_;
    std::unordered_map<ChannelId, Seq> seqs_;
};

}  // namespace warren::adapters::mongo
