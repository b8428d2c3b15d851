#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
#include "ports/cache.hpp"
#include "ports/entry_store.hpp"

namespace warren::chat {

/// The messages of whole buckets, through the cache; of other kinds of entries only that they are there. A
/// bucket that is full never changes but for blanking, and what is blanked is hidden by the delete that every
/// reader of a page reads beside it: so a page from the cache is never wrong, however old. Pages with text
/// that is deleted are not put there, and dropped when that is heard of. On the chat executor only.
class Pages {
public:
    /// Without a cache every page is read from the store.
    Pages(EntryStore& store, Cache* cache, Metrics& metrics);

    /// The entries of `channel` with from <= seq <= to, ascending, all of one bucket, for folding: edits may
    /// come without their text. `head` is a seq known to exist.
    Task<Result<std::vector<EntryPtr>>> entries(ChannelId channel, Seq from, Seq to, Seq head,
                                                Deadline deadline);

    /// Nothing of that page is in the cache on return, nor put there by a read that has begun before.
    Task<void> drop(ChannelId channel, Bucket bucket);

private:
    struct Decoded {
        std::shared_ptr<const std::string> text;
        std::vector<EntryPtr> page;
    };

    void remember(const std::string& key, Decoded decoded);
    Task<Result<std::vector<EntryPtr>>> full_bucket(ChannelId channel, Bucket bucket, Deadline deadline);

    EntryStore& store_;
    Cache* cache_;
    std::uint64_t drops_ = 0;
    /// What was made of a few texts of the cache: good where the cache gives that very text again, which a
    /// cache within the process does.
    std::unordered_map<std::string, Decoded> decoded_;
    prometheus::Counter& hits_;
    prometheus::Counter& misses_;
};

}  // namespace warren::chat
