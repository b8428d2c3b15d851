#include "ports/channel_store.hpp"

namespace warren {
namespace {

EntryPtr without_members(EntryPtr head) {
    if (!head || !head->changes_state()) return head;
    auto out = std::make_shared<Entry>(*head);
    out->body = head->kind() == EntryKind::member ? EntryBody(MemberBody{}) : EntryBody(ChannelBody{});
    return out;
}

}  // namespace

Task<Result<std::vector<std::vector<MemberRow>>>> ChannelStore::members_of(std::vector<Place> places,
                                                                           std::size_t limit,
                                                                           Deadline deadline) {
    std::vector<std::vector<MemberRow>> out;
    for (const auto& place : places) {
        auto reading = members(place.channel, place.seq, {}, limit, deadline);
        WARREN_CO_TRY(rows, co_await std::move(reading));
        out.push_back(std::move(rows));
    }
    co_return out;
}

Task<Result<std::vector<ChannelNow>>> ChannelStore::now(std::vector<ChannelId> ids, EntryStore& entries,
                                                        Deadline deadline) {
    auto reading_heads = entries.heads(ids, deadline);
    WARREN_CO_TRY(heads, co_await std::move(reading_heads));
    auto reading_documents = channels(ids, deadline);
    WARREN_CO_TRY(documents, co_await std::move(reading_documents));
    std::unordered_map<ChannelId, Channel> by_id;
    for (auto& document : documents)
        by_id[document.id] = std::move(document);
    std::vector<ChannelNow> out;
    for (std::size_t i = 0; i < ids.size(); ++i)
        out.push_back({without_members(std::move(heads[i])), by_id[ids[i]]});
    co_return out;
}

Task<Result<Whereabouts>> ChannelStore::whereabouts(UserId user, EntryStore& entries, Deadline deadline) {
    auto reading_ids = stays_of(user, deadline);
    WARREN_CO_TRY(earlier_rows, co_await std::move(reading_ids));
    std::vector<ChannelId> ids;
    for (const auto& row : earlier_rows) {
        if (row.to == 0) ids.push_back(row.channel);
    }
    auto reading_channels = now(ids, entries, deadline);
    WARREN_CO_TRY(channels, co_await std::move(reading_channels));
    auto reading_rows = stays_of(user, deadline);
    WARREN_CO_TRY(rows, co_await std::move(reading_rows));
    Whereabouts out;
    out.rows = std::move(rows);
    for (std::size_t i = 0; i < ids.size(); ++i)
        out.channels[ids[i]] = std::move(channels[i]);
    co_return out;
}

}  // namespace warren
