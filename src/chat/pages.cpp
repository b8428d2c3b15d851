#include "chat/pages.hpp"

#include <algorithm>

#include "chat/deletions.hpp"
#include "chat/fold.hpp"
#include "model/entry_codec.hpp"

namespace warren::chat {
namespace {

/// Each is some 60 KB beside its text.
constexpr std::size_t kDecodedMax = 128;
constexpr std::size_t kChangesKeptMax = 1'000;  ///< Of one bucket.

std::string key_of(ChannelId channel, Bucket bucket) {
    return "page:" + channel.hex() + ":" + std::to_string(bucket);
}

/// One entry a line: JSON has no raw line ends.
std::string encode(const std::vector<EntryPtr>& page) {
    std::string out;
    for (const auto& entry : page)
        out += encode_entry(*entry) + '\n';
    return out;
}

/// Nothing where the text is not a whole page: a cache may hold anything.
std::vector<EntryPtr> decode(std::string_view text) {
    std::vector<EntryPtr> page;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto entry = decode_entry(text.substr(0, end));
        if (entry.has_error() || end == std::string_view::npos) return {};
        page.push_back(std::make_shared<const Entry>(std::move(*entry)));
        text = text.substr(end + 1);
    }
    return page;
}

/// Edits are told to readers of a page beside it, so their text need not be in the cache.
void strip_edits(std::vector<EntryPtr>& page) {
    for (auto& entry : page) {
        if (!std::holds_alternative<EditBody>(entry->body)) continue;
        Entry bare = *entry;
        bare.body = blanked(entry->body);
        entry = std::make_shared<const Entry>(std::move(bare));
    }
}

bool is_dense(const std::vector<EntryPtr>& page, ChannelId channel, Bucket bucket) {
    for (std::size_t i = 0; i < page.size(); ++i) {
        if (page[i]->channel != channel || page[i]->seq != first_seq_of(bucket) + i) return false;
    }
    return true;
}

bool is_whole(const std::vector<EntryPtr>& page, ChannelId channel, Bucket bucket) {
    return page.size() == kBucketSize && is_dense(page, channel, bucket);
}

}  // namespace

Pages::Pages(EntryStore& store, Cache* cache, Metrics& metrics)
    : store_(store),
      cache_(cache),
      hits_(metrics.counter("warren_page_cache_total", "Full pages of history asked of the cache.",
                            {{"found", "yes"}})),
      misses_(metrics.counter("warren_page_cache_total", "Full pages of history asked of the cache.",
                              {{"found", "no"}})) {}

Task<Result<Page>> Pages::read(ChannelId channel, Seq from, Seq to, Seq head, Deadline deadline) {
    const auto bucket = bucket_of(from);
    const auto drops = drops_;
    const bool grows = head < last_seq_of(bucket);
    Page page;
    if (cache_ && !grows) {
        auto reading = full_bucket(channel, bucket, deadline);
        WARREN_CO_TRY(entries, co_await std::move(reading));
        page.entries = std::move(entries);
    } else {
        if (cache_) page.entries = read_before(key_of(channel, bucket));
        const Seq next = cache_ ? first_seq_of(bucket) + page.entries.size() : from;
        auto reading = read_on(channel, next, to, std::move(page.entries), deadline);
        WARREN_CO_TRY(entries, co_await std::move(reading));
        page.entries = std::move(entries);
    }
    auto reading_changes = read_changes(channel, bucket, head, deadline);
    WARREN_CO_TRY(changes, co_await std::move(reading_changes));
    page.changes = std::move(changes);
    // A delete that came meanwhile may be missing in what is hidden.
    if (cache_ && grows && drops == drops_ && is_dense(page.entries, channel, bucket)) {
        hide_deleted(page.entries, page.changes);
        remember(key_of(channel, bucket), {nullptr, page.entries, {}, 0});
    }
    if (drops == drops_) keep_changes(key_of(channel, bucket), page.changes, head);
    std::erase_if(page.entries, [&](const EntryPtr& entry) { return entry->seq < from || entry->seq > to; });
    co_return page;
}

/// All up to `head`, and perhaps more.
Task<Result<std::vector<EntryPtr>>> Pages::read_changes(ChannelId channel, Bucket bucket, Seq head,
                                                        Deadline deadline) {
    std::vector<EntryPtr> changes;
    Seq known = 0;
    if (const auto at = decoded_.find(key_of(channel, bucket)); at != decoded_.end()) {
        changes = at->second.changes;
        known = at->second.changes_to;
    }
    if (known >= head) co_return changes;
    auto reading = store_.targeting(channel, bucket, known, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    changes.insert(changes.end(), found.begin(), found.end());
    co_return changes;
}

void Pages::keep_changes(const std::string& key, const std::vector<EntryPtr>& changes, Seq head) {
    const auto at = decoded_.find(key);
    if (at == decoded_.end() || at->second.changes_to >= head) return;
    // Of those beyond, not all may have been found.
    const auto is_beyond = [head](const EntryPtr& entry) { return entry->seq > head; };
    const auto end = std::find_if(changes.begin(), changes.end(), is_beyond);
    if (static_cast<std::size_t>(end - changes.begin()) > kChangesKeptMax) return;
    at->second.changes.assign(changes.begin(), end);
    hide_deleted(at->second.changes, changes);
    at->second.changes_to = head;
}

/// What was read before of a bucket that still grows, from its first entry on.
std::vector<EntryPtr> Pages::read_before(const std::string& key) const {
    const auto known = decoded_.find(key);
    return known != decoded_.end() && !known->second.text ? known->second.page : std::vector<EntryPtr>();
}

/// `entries`, and those of next <= seq <= to.
Task<Result<std::vector<EntryPtr>>> Pages::read_on(ChannelId channel, Seq next, Seq to,
                                                   std::vector<EntryPtr> entries, Deadline deadline) {
    if (to < next) co_return entries;
    auto reading = store_.range(channel, next, to, kBucketSize, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    strip_edits(found);
    entries.insert(entries.end(), found.begin(), found.end());
    co_return entries;
}

Task<Result<std::vector<EntryPtr>>> Pages::full_bucket(ChannelId channel, Bucket bucket, Deadline deadline) {
    const auto key = key_of(channel, bucket);
    const auto drops_before = drops_;
    auto asking = cache_->get(key);
    if (const auto text = co_await std::move(asking)) {
        const auto known = decoded_.find(key);
        const bool is_known = known != decoded_.end() && known->second.text == text;
        auto page = is_known ? known->second.page : decode(*text);
        if (is_whole(page, channel, bucket)) {
            hits_.Increment();
            if (!is_known && drops_ == drops_before) remember(key, {text, page, {}, 0});
            co_return page;
        }
    }
    misses_.Increment();
    auto reading = store_.range(channel, first_seq_of(bucket), last_seq_of(bucket), kBucketSize, deadline);
    WARREN_CO_TRY(page, co_await std::move(reading));
    if (!is_whole(page, channel, bucket)) co_return page;
    strip_edits(page);
    const auto drops = drops_;
    auto hiding = hide_deleted_in(store_, page, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(hiding));
    // A delete that came meanwhile may be missing in what was hidden.
    if (drops != drops_) co_return page;
    auto putting = cache_->put(key, std::make_shared<const std::string>(encode(page)));
    co_await std::move(putting);
    if (drops != drops_) {
        auto dropping = cache_->drop(key);
        co_await std::move(dropping);
    }
    co_return page;
}

void Pages::remember(const std::string& key, Decoded decoded) {
    if (decoded_.size() >= kDecodedMax) decoded_.erase(decoded_.begin());
    decoded_.insert_or_assign(key, std::move(decoded));
}

Task<void> Pages::drop(ChannelId channel, Bucket bucket) {
    ++drops_;
    histories_.drop(channel);
    if (!cache_) co_return;
    const auto key = key_of(channel, bucket);
    decoded_.erase(key);
    auto dropping = cache_->drop(key);
    co_await std::move(dropping);
}

}  // namespace warren::chat
