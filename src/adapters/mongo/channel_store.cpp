#include "adapters/mongo/channel_store.hpp"

#include <algorithm>
#include <span>
#include <thread>

#include "adapters/mongo/schema.hpp"
#include "base/log.hpp"

namespace warren::adapters::mongo {
namespace {

// Rows per command: each stays far below the 48 MB of a message and within a deadline.
constexpr std::size_t kRowsPerCommand = 1000;

Error damaged(std::string_view what) {
    log::error("mongodb_document_damaged", {{"what", what}});
    return {Errc::internal, "A stored document could not be decoded."};
}

Document fields_of(const Channel& channel) {
    Document out;
    out.add("isGroup", channel.is_group).add("name", channel.name).add("image", channel.image);
    out.add("history", static_cast<std::int32_t>(channel.history)).add("data", channel.data);
    out.add("createdAt", channel.created_at).add("updatedAt", channel.updated_at);
    out.add("stateSeq", channel.state_seq).add("memberCount", channel.member_count);
    return out;
}

Document document_of(const Channel& channel) {
    Document out;
    out.add("_id", channel.id);
    bson_concat(out.get(), fields_of(channel).get());
    return out;
}

Result<Channel> channel_of(const bson_t& document) {
    Fields in(document);
    Channel out;
    out.id = in.id<ChannelId>("_id");
    out.is_group = in.flag("isGroup");
    out.name = in.text("name");
    out.image = in.text("image");
    const auto history = in.number("history");
    out.history = static_cast<HistoryAccess>(history);
    out.data = in.text("data");
    out.created_at = in.time("createdAt");
    out.updated_at = in.time("updatedAt");
    out.state_seq = in.number("stateSeq");
    out.member_count = static_cast<std::uint32_t>(in.number("memberCount"));
    if (in.has("firstSeq")) {
        out.start = {in.number("firstSeq"), in.number("countBefore"), in.number("removedBefore")};
    }
    if (in.has("retention")) {
        const auto stored = in.document("retention");
        Fields own(*stored.get());
        const std::chrono::milliseconds age(own.number("maxAgeMs"));
        out.retention = RetentionPolicy{age, own.number("maxMessages")};
        if (!own.ok()) return damaged(kChannels);
    }
    if (!in.ok() || history > 1) return damaged(kChannels);
    return out;
}

Document key_of(const MemberRow& row) {
    Document out;
    out.add("channelId", row.channel).add("userId", row.user).add("from", row.from);
    return out;
}

Document document_of(const MemberRow& row) {
    auto out = key_of(row);
    out.add("to", row.to).add("role", static_cast<std::int32_t>(row.role)).add("roleSeq", row.role_seq);
    return out;
}

Result<MemberRow> member_of(const bson_t& document) {
    Fields in(document);
    MemberRow out;
    out.channel = in.id<ChannelId>("channelId");
    out.user = in.id<UserId>("userId");
    out.from = in.number("from");
    out.to = in.number("to");
    const auto role = in.number("role");
    out.role = static_cast<Role>(role);
    out.role_seq = in.number("roleSeq");
    if (!in.ok() || role > 1) return damaged(kMembers);
    return out;
}

Document less_than(Seq seq) {
    Document out;
    out.add("$lt", seq);
    return out;
}

Update set(Document filter, const Document& values) {
    Update out{std::move(filter), {}};
    out.change.add("$set", values);
    return out;
}

// What of `row` a stored row may lack: its end, if it has none, and a newer role.
void add_updates(const MemberRow& row, std::vector<Update>& out) {
    if (row.to != 0) {
        auto unended = key_of(row);
        unended.add("to", Seq{0});
        Document end;
        end.add("to", row.to);
        out.push_back(set(std::move(unended), end));
    }
    if (row.role_seq != 0) {
        auto older = key_of(row);
        older.add("roleSeq", less_than(row.role_seq));
        Document role;
        role.add("role", static_cast<std::int32_t>(row.role)).add("roleSeq", row.role_seq);
        out.push_back(set(std::move(older), role));
    }
}

Result<void> merge_some(Call& call, std::span<const MemberRow> rows) {
    std::vector<Document> documents;
    for (const auto& row : rows)
        documents.push_back(document_of(row));
    WARREN_TRY(existing, call.insert_missing(kMembers, documents));
    std::vector<Update> updates;
    for (const auto index : existing)
        add_updates(rows[index], updates);
    WARREN_TRY_VOID(call.update(kMembers, updates));
    return {};
}

Result<void> put(Call& call, const Channel& channel) {
    Document older;
    older.add("_id", channel.id).add("stateSeq", less_than(channel.state_seq));
    std::vector<Update> updates;
    updates.push_back(set(std::move(older), fields_of(channel)));
    WARREN_TRY(replaced, call.update(kChannels, updates));
    if (replaced > 0) return {};
    std::vector<Document> documents;
    documents.push_back(document_of(channel));
    WARREN_TRY(existing, call.insert_missing(kChannels, documents));
    if (existing.empty()) return {};
    // Newer than ours, or made in between and perhaps older: documents never go away, so one more look
    // decides.
    WARREN_TRY_VOID(call.update(kChannels, updates));
    return {};
}

Result<void> raise(Call& call, ChannelId channel, const LogStart& start) {
    Update update;
    update.filter.add("_id", channel);
    Document max;
    max.add("firstSeq", start.first_seq).add("countBefore", start.count_before);
    max.add("removedBefore", start.removed_before);
    update.change.add("$max", max);
    std::vector<Update> updates;
    updates.push_back(std::move(update));
    WARREN_TRY_VOID(call.update(kChannels, updates));
    return {};
}

Result<void> replace_retention(Call& call, ChannelId channel, const std::optional<RetentionPolicy>& policy) {
    Update update;
    update.filter.add("_id", channel);
    Document own;
    Document change;
    if (policy) own.add("maxAgeMs", policy->max_age.count()).add("maxMessages", policy->max_messages);
    policy ? change.add("retention", own) : change.add("retention", "");
    update.change.add(policy ? "$set" : "$unset", change);
    std::vector<Update> updates;
    updates.push_back(std::move(update));
    WARREN_TRY(found, call.update(kChannels, updates));
    if (found == 0) return Error(Errc::not_found, "There is no such channel.");
    return {};
}

Result<std::vector<Channel>> find_channels(Call& call, const Document& filter, const FindOptions& options) {
    std::vector<Channel> out;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        WARREN_TRY(channel, channel_of(found));
        out.push_back(std::move(channel));
        return {};
    };
    WARREN_TRY_VOID(call.find(kChannels, filter, options, each));
    return out;
}

Result<ChannelId> claim(Call& call, const std::string& origin, ChannelId mine, Deadline deadline) {
    Document document;
    document.add("_id", origin).add("channelId", mine);
    std::vector<Document> documents;
    documents.push_back(std::move(document));
    WARREN_TRY(existing, call.insert_missing(kOrigins, documents));
    if (existing.empty()) return mine;
    Document filter;
    filter.add("_id", origin);
    ChannelId theirs;
    const auto read = [&theirs](const bson_t& found) -> Result<void> {
        Fields fields(found);
        theirs = fields.id<ChannelId>("channelId");
        if (!fields.ok()) return damaged(kOrigins);
        return {};
    };
    // Their row may be there, but not at a majority yet.
    for (auto pause = std::chrono::milliseconds(2); theirs.is_none(); pause *= 2) {
        WARREN_TRY_VOID(call.find(kOrigins, filter, {}, read));
        if (!theirs.is_none()) break;
        if (deadline.left(std::chrono::steady_clock::now()) < pause) return Error(Errc::timed_out);
        std::this_thread::sleep_for(pause);
    }
    return theirs;
}

Result<std::vector<MemberRow>> find_members(Call& call, const Document& filter, const FindOptions& options) {
    std::vector<MemberRow> out;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        WARREN_TRY(row, member_of(found));
        out.push_back(row);
        return {};
    };
    WARREN_TRY_VOID(call.find(kMembers, filter, options, each));
    return out;
}

Document covering(Seq at) {
    Document unended;
    unended.add("to", Seq{0});
    Document later;
    later.add("$gt", at);
    Document ends_later;
    ends_later.add("to", later);
    List any;
    any.add(unended).add(ends_later);
    Document from;
    from.add("$lte", at);
    Document out;
    out.add("from", from).add("$or", any);
    return out;
}

}  // namespace

Task<Result<ChannelId>> ChannelStore::claim_origin(std::string origin, ChannelId mine, Deadline deadline) {
    auto ask = [origin = std::move(origin), mine, deadline](Call& call) {
        return claim(call, origin, mine, deadline);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> ChannelStore::put_channel(Channel channel, Deadline deadline) {
    auto ask = [this, channel = std::move(channel)](Call& call) {
        const std::lock_guard turn(turn_of(channel.id));
        return put(call, channel);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<Channel>>> ChannelStore::channels(std::vector<ChannelId> ids, Deadline deadline) {
    auto ask = [ids = std::move(ids)](Call& call) -> Result<std::vector<Channel>> {
        if (ids.empty()) return std::vector<Channel>{};
        return find_channels(call, any_of("_id", ids), {});
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> ChannelStore::raise_start(ChannelId channel, LogStart start, Deadline deadline) {
    auto ask = [this, channel, start](Call& call) {
        const std::lock_guard turn(turn_of(channel));
        return raise(call, channel, start);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> ChannelStore::set_retention(ChannelId channel, std::optional<RetentionPolicy> retention,
                                               Deadline deadline) {
    auto ask = [this, channel, retention](Call& call) {
        const std::lock_guard turn(turn_of(channel));
        return replace_retention(call, channel, retention);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<Channel>>> ChannelStore::list(ChannelId after, std::size_t limit, Deadline deadline) {
    auto ask = [after, limit](Call& call) -> Result<std::vector<Channel>> {
        if (limit == 0) return std::vector<Channel>{};
        const PageById page(after, limit);
        return find_channels(call, page.filter, page.options);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> ChannelStore::merge_members(std::vector<MemberRow> rows, Deadline deadline) {
    auto ask = [this, rows = std::move(rows)](Call& call) -> Result<void> {
        if (rows.empty()) return {};
        const std::lock_guard turn(turn_of(rows.front().channel));
        const std::span<const MemberRow> all(rows);
        for (std::size_t from = 0; from < rows.size(); from += kRowsPerCommand) {
            WARREN_TRY_VOID(
                merge_some(call, all.subspan(from, std::min(kRowsPerCommand, rows.size() - from))));
        }
        return {};
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<MemberRow>>> ChannelStore::members(ChannelId channel, Seq at, UserId after,
                                                           std::size_t limit, Deadline deadline) {
    auto ask = [channel, at, after, limit](Call& call) -> Result<std::vector<MemberRow>> {
        if (limit == 0) return std::vector<MemberRow>{};
        Document beyond;
        beyond.add("$gt", after);
        Document filter;
        filter.add("channelId", channel).add("userId", beyond);
        bson_concat(filter.get(), covering(std::min<Seq>(at, INT64_MAX)).get());
        FindOptions options;
        options.sort.add("userId", 1);
        options.limit = limit;
        return find_members(call, filter, options);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<MemberRow>>> ChannelStore::stays_of(UserId user, Deadline deadline) {
    auto ask = [user](Call& call) {
        Document filter;
        filter.add("userId", user);
        return find_members(call, filter, {});
    };
    return database_.run(deadline, std::move(ask));
}

}  // namespace warren::adapters::mongo
