#include "adapters/mongo/member_store.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "adapters/mongo/schema.hpp"
#include "base/log.hpp"

namespace warren::adapters::mongo {
namespace {

// Up to so many channels are asked for one by one, each by equality; beyond it some in one `$or`, which
// MongoDB answers from the index clause by clause, but of which some compatible servers read everything.
constexpr std::size_t kOneByOneMax = 16;
constexpr std::size_t kClausesMax = 50;

Document key_of(const MemberKey& key) {
    Document out;
    out.add("channelId", key.channel).add("userId", key.user);
    return out;
}

Document document_of(const MemberUpdate& update) {
    MemberState none;
    none.key = update.key;
    const auto state = apply(none, update);
    const auto& settings = state.settings;
    auto out = key_of(state.key);
    out.add("delivered", state.watermark.delivered).add("read", state.watermark.read);
    out.add("readCount", state.watermark.read_count).add("muted", settings.muted);
    out.add("pinned", settings.pinned).add("archived", settings.archived);
    out.add("notify", static_cast<std::int32_t>(settings.notify)).add("unreadFrom", settings.unread.from);
    out.add("unreadCountBefore", settings.unread.count_before).add("revision", settings.revision);
    return out;
}

Result<MemberState> state_of(const bson_t& document) {
    Fields in(document);
    MemberState out;
    out.key = {in.id<ChannelId>("channelId"), in.id<UserId>("userId")};
    out.watermark = {in.number("delivered"), in.number("read"), in.number("readCount")};
    out.settings.muted = in.flag("muted");
    out.settings.pinned = in.flag("pinned");
    out.settings.archived = in.flag("archived");
    const auto notify = in.number("notify");
    out.settings.notify = static_cast<NotifyLevel>(notify);
    out.settings.unread = {in.number("unreadFrom"), in.number("unreadCountBefore")};
    out.settings.revision = in.number("revision");
    if (in.ok() && notify <= 2) return out;
    log::error("mongodb_document_damaged", {{"what", kMemberStates}});
    return Error(Errc::internal, "A stored document could not be decoded.");
}

Update change_of(const MemberUpdate& update) {
    Update out{key_of(update.key), {}};
    Document max;
    max.add("delivered", update.watermark.delivered).add("read", update.watermark.read);
    max.add("readCount", update.watermark.read_count);
    out.change.add("$max", max);
    if (!update.changes_settings()) return out;
    Document set;
    if (update.muted) set.add("muted", *update.muted);
    if (update.pinned) set.add("pinned", *update.pinned);
    if (update.archived) set.add("archived", *update.archived);
    if (update.notify) set.add("notify", static_cast<std::int32_t>(*update.notify));
    if (update.unread) {
        set.add("unreadFrom", update.unread->from).add("unreadCountBefore", update.unread->count_before);
    }
    Document inc;
    inc.add("revision", std::int64_t{1});
    out.change.add("$set", set).add("$inc", inc);
    return out;
}

Result<void> merge_all(Call& call, const std::vector<MemberUpdate>& updates) {
    std::vector<Update> changes;
    for (const auto& update : updates)
        changes.push_back(change_of(update));
    WARREN_TRY(found, call.update(kMemberStates, changes));
    if (found == updates.size()) return {};
    // Which ones were absent is not told. Changing a row twice raises its revision twice, and nothing else.
    std::vector<Document> documents;
    for (const auto& update : updates)
        documents.push_back(document_of(update));
    WARREN_TRY(existing, call.insert_missing(kMemberStates, documents));
    std::vector<Update> again;
    for (const auto index : existing)
        again.push_back(change_of(updates[index]));
    WARREN_TRY_VOID(call.update(kMemberStates, again));
    return {};
}

using Clause = std::pair<ChannelId, std::vector<UserId>>;

Document in_channel(const Clause& clause) {
    const auto& [channel, users] = clause;
    if (users.size() == 1) return key_of({channel, users.front()});
    auto out = any_of("userId", users);
    out.add("channelId", channel);
    return out;
}

Result<void> collect(Call& call, const Document& filter, std::vector<MemberState>& out) {
    const auto each = [&out](const bson_t& found) -> Result<void> {
        WARREN_TRY(state, state_of(found));
        out.push_back(state);
        return {};
    };
    return call.find(kMemberStates, filter, {}, each);
}

Result<std::vector<MemberState>> find_states(Call& call, const std::vector<MemberKey>& keys) {
    std::map<ChannelId, std::vector<UserId>> by_channel;
    for (const auto& key : std::set<MemberKey>(keys.begin(), keys.end()))
        by_channel[key.channel].push_back(key.user);
    const std::vector<Clause> clauses(by_channel.begin(), by_channel.end());
    std::vector<MemberState> out;
    const auto step = clauses.size() <= kOneByOneMax ? std::size_t{1} : kClausesMax;
    for (std::size_t from = 0; from < clauses.size(); from += step) {
        const auto some = std::span(clauses).subspan(from, std::min(step, clauses.size() - from));
        if (some.size() == 1) {
            WARREN_TRY_VOID(collect(call, in_channel(some.front()), out));
            continue;
        }
        List any;
        for (const auto& clause : some)
            any.add(in_channel(clause));
        Document filter;
        filter.add("$or", any);
        WARREN_TRY_VOID(collect(call, filter, out));
    }
    return out;
}

}  // namespace

Task<Result<void>> MemberStore::merge(std::vector<MemberUpdate> updates, Deadline deadline) {
    auto ask = [this, updates = std::move(updates)](Call& call) -> Result<void> {
        if (updates.empty()) return {};
        const std::lock_guard turn(turn_);
        return merge_all(call, updates);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<MemberState>>> MemberStore::at(std::vector<MemberKey> keys, Deadline deadline) {
    auto ask = [keys = std::move(keys)](Call& call) { return find_states(call, keys); };
    return database_.run(deadline, std::move(ask));
}

}  // namespace warren::adapters::mongo
