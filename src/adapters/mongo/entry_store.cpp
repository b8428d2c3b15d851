#include "adapters/mongo/entry_store.hpp"

#include <algorithm>

#include "adapters/mongo/block_store.hpp"
#include "adapters/mongo/entry_document.hpp"
#include "adapters/mongo/entry_queries.hpp"
#include "adapters/mongo/entry_search.hpp"
#include "adapters/mongo/schema.hpp"

namespace warren::adapters::mongo {
namespace {

using Entries = std::vector<EntryPtr>;

Result<WallTime> searched_time(Call& call, const Entry& entry, const Entries& run) {
    const auto is_target = [&](const EntryPtr& other) { return other->seq == entry.target(); };
    const auto here = std::find_if(run.begin(), run.end(), is_target);
    if (here != run.end()) return (*here)->at;
    return find_searched_time(call, entry);
}

Result<std::vector<Document>> documents_of(Call& call, const Entries& run) {
    std::vector<Document> out;
    out.reserve(run.size());
    for (const auto& entry : run) {
        WARREN_TRY(searched_at, searched_time(call, *entry, run));
        WARREN_TRY(document, document_of(*entry, searched_at));
        out.push_back(std::move(document));
    }
    return out;
}

/// Whether nothing of `unless` holds.
Result<bool> is_free(Call& call, const Entries& run, const Unless& unless) {
    if (unless.repeated) {
        WARREN_TRY(repeated, find_by_nonces(call, run.front()->channel, nonces_of(run)));
        if (!repeated.empty()) return false;
    }
    WARREN_TRY(blocks, existing_blocks(call, unless.blocks));
    return blocks.empty();
}

}  // namespace

Task<Result<EntryPtr>> EntryStore::head(ChannelId channel, Deadline deadline) {
    auto ask = [this, channel](Call& call) { return find_head(call, known_, channel); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<Entries>> EntryStore::heads(std::vector<ChannelId> channels, Deadline deadline) {
    auto ask = [this, channels = std::move(channels)](Call& call) {
        return find_heads(call, known_, channels);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<Entries>> EntryStore::find_nonces(ChannelId channel, std::vector<NonceKey> keys,
                                              Deadline deadline) {
    auto ask = [channel, keys = std::move(keys)](Call& call) { return find_by_nonces(call, channel, keys); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> EntryStore::insert(Entries run, Unless unless, Deadline deadline) {
    auto ask = [this, run = std::move(run), unless = std::move(unless)](Call& call) -> Result<void> {
        WARREN_TRY(free, is_free(call, run, unless));
        if (!free) return Error(Errc::taken);
        WARREN_TRY(documents, documents_of(call, run));
        WARREN_TRY_VOID(call.insert(kEntries, documents));
        known_.note(run.back()->channel, run.back()->seq);
        return {};
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<Entries>> EntryStore::range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                        Deadline deadline) {
    auto ask = [this, channel, from, to, limit](Call& call) -> Result<Entries> {
        WARREN_TRY(entries, find_range(call, channel, from, to, limit));
        if (!entries.empty()) known_.note(channel, entries.back()->seq);
        return entries;
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<Entries>> EntryStore::targeting(ChannelId channel, Bucket bucket, Seq after, Deadline deadline) {
    auto ask = [channel, bucket, after](Call& call) { return find_targeting(call, channel, bucket, after); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<Entries>> EntryStore::at(std::vector<Place> places, Deadline deadline) {
    auto ask = [places = std::move(places)](Call& call) { return find_at(call, places); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> EntryStore::note_blankings(std::vector<Blanking> notes, Deadline deadline) {
    auto ask = [notes = std::move(notes)](Call& call) { return write_notes(call, notes); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<Blanking>>> EntryStore::blankings(WallTime before, std::size_t limit,
                                                          Deadline deadline) {
    auto ask = [before, limit](Call& call) { return find_notes(call, before, limit); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> EntryStore::blank(Entries entries, Deadline deadline) {
    auto ask = [entries = std::move(entries)](Call& call) { return replace_bodies(call, entries); };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> EntryStore::forget_blanking(EntryId id, Deadline deadline) {
    auto ask = [id](Call& call) -> Result<void> {
        Document filter;
        filter.add("_id", id);
        return call.remove(kBlankings, filter);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<Hits>> EntryStore::search(std::vector<ChannelId> channels, words::Needles needles,
                                      std::optional<Hit> before, std::size_t limit, Deadline deadline) {
    auto ask = [channels = std::move(channels), needles = std::move(needles), before, limit](Call& call) {
        return find_words(call, channels, needles, before, limit);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> EntryStore::remove_bucket(ChannelId channel, Bucket bucket, Deadline deadline) {
    auto ask = [channel, bucket](Call& call) { return remove_entries(call, channel, bucket); };
    return database_.run(deadline, std::move(ask));
}

}  // namespace warren::adapters::mongo
