#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
#include "chat/histories.hpp"
#include "ports/cache.hpp"
#include "ports/entry_store.hpp"

namespace warren::chat {

/// Entries, ascending, and the edits, deletes and reactions that are about messages of their bucket,
/// ascending.
struct Page {
    std::vector<EntryPtr> entries;
    std::vector<EntryPtr> changes;
};

/// The messages of whole buckets, through the cache; of other kinds of entries only that they are there. A
/// bucket that is full never changes but for blanking, and what is blanked is hidden by the delete that every
/// reader of a page is given beside it: so a page from the cache is never wrong, however old. Pages with text
/// that is deleted are not put there, and dropped when that is heard of. On the chat executor only.
class Pages {
public:
    /// Without a cache every page is read from the store.
    Pages(EntryStore& store, Cache* cache, Metrics& metrics);

    /// The entries of `channel` with from <= seq <= to, all of one bucket, and what changes messages of it,
    /// for folding: edits may come without their text. `head` is a seq known to exist, and nothing beyond it
    /// has to be in what is given: where the log ended there before, changes are not read again.
    Task<Result<Page>> read(ChannelId channel, Seq from, Seq to, Seq head, Deadline deadline);

    /// What was put together of pages; whoever does so keeps it there.
    Histories& histories() { return histories_; }

    /// Nothing of that page is in the cache on return, nor put there by a read that has begun before; nor is
    /// what was put together of it.
    Task<void> drop(ChannelId channel, Bucket bucket);

private:
    struct Decoded {
        std::shared_ptr<const std::string> text;  ///< Null: a page that still grows is not in the cache.
        std::vector<EntryPtr> page;
        std::vector<EntryPtr> changes;  ///< Those with seq <= changes_to, deleted text hidden.
        Seq changes_to = 0;             ///< 0: they are not kept.
    };

    void remember(const std::string& key, Decoded decoded);
    Task<Result<std::vector<EntryPtr>>> read_changes(ChannelId channel, Bucket bucket, Seq head,
                                                     Deadline deadline);
    void keep_changes(const std::string& key, const std::vector<EntryPtr>& changes, Seq head);
    std::vector<EntryPtr> read_before(const std::string& key) const;
    Task<Result<std::vector<EntryPtr>>> read_on(ChannelId channel, Seq next, Seq to,
                                                std::vector<EntryPtr> entries, Deadline deadline);
    Task<Result<std::vector<EntryPtr>>> full_bucket(ChannelId channel, Bucket bucket, Deadline deadline);

    EntryStore& store_;
    Cache* cache_;
    Histories histories_;
    std::uint64_t drops_ = 0;
    /// What was made of a few texts of the cache, good where the cache gives that very text again, which a
    /// cache within the process does; and the newest pages of a few channels, as far as they were read. With
    /// either, what changes it.
    std::unordered_map<std::string, Decoded> decoded_;
    prometheus::Counter& hits_;
    prometheus::Counter& misses_;
};

}  // namespace warren::chat
