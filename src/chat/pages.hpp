#pragma once
#include <vector>

#include "base/metrics.hpp"
#include "ports/cache.hpp"
#include "ports/entry_store.hpp"

namespace warren::chat {

/// The entries of whole buckets, through the cache. A bucket that is full never changes but for blanking, and
/// what is blanked is hidden by the delete that every reader of a page reads beside it: so a page from the
/// cache is never wrong, however old. On the chat executor only.
class Pages {
public:
    /// Without a cache every page is read from the store.
    Pages(EntryStore& store, Cache* cache, Metrics& metrics);

    /// The entries of `channel` with from <= seq <= to, ascending, all of one bucket; `head` is a seq known
    /// to exist.
    Task<Result<std::vector<EntryPtr>>> entries(ChannelId channel, Seq from, Seq to, Seq head,
                                                Deadline deadline);

private:
    Task<Result<std::vector<EntryPtr>>> full_bucket(ChannelId channel, Bucket bucket, Deadline deadline);

    EntryStore& store_;
    Cache* cache_;
    prometheus::Counter& hits_;
    prometheus::Counter& misses_;
};

}  // namespace warren::chat
