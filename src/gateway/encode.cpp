#include "gateway/encode.hpp"

namespace warren::gateway {
namespace {

constexpr std::string_view name_of(Role role) {
    return role == Role::admin ? "admin" : "member";
}

constexpr std::string_view name_of(MemberOp op) {
    switch (op) {
        case MemberOp::added:
            return "added";
        case MemberOp::removed:
            return "removed";
        case MemberOp::left:
            return "left";
        case MemberOp::role:
            break;
    }
    return "role";
}

constexpr std::string_view name_of(ChannelOp op) {
    switch (op) {
        case ChannelOp::created:
            return "created";
        case ChannelOp::renamed:
            return "renamed";
        case ChannelOp::picture:
            return "picture";
        case ChannelOp::settings:
            break;
    }
    return "settings";
}

/// What every entry says of itself, into an object that has been begun.
void write_entry_fields(JsonWriter& out, const Entry& entry) {
    const auto at = to_iso8601(entry.at);
    out.key("_id").id(entry.id);
    out.key("channelId").id(entry.channel);
    out.key("bucket").number(bucket_of(entry.seq));
    out.key("seq").number(entry.seq);
    out.key("count").number(entry.count);
    out.key("kind").string(name_of(entry.kind()));
    out.key("senderId").id(entry.sender);
    if (!entry.nonce.empty()) out.key("nonce").string(entry.nonce);
    out.key("createdAt").plain(at);
    out.key("updatedAt").plain(at);
}

void write_extras(JsonWriter& out, const MessageBody& body) {
    if (!body.type.empty()) out.key("type").string(body.type);
    if (!body.data.empty()) out.key("data").raw(body.data);
    if (body.reply_to != 0) out.key("replyTo").number(body.reply_to);
    if (!body.mentions.empty()) {
        out.key("mentions").begin_array();
        for (const auto& user : body.mentions)
            out.id(user);
        out.end_array();
    }
    if (!body.attachments.empty()) {
        out.key("attachments").begin_array();
        for (const auto& file : body.attachments)
            out.string(file);
        out.end_array();
    }
}

void write_reactions(JsonWriter& out, const std::vector<chat::Reaction>& reactions) {
    out.key("reactions").begin_object();
    for (const auto& reaction : reactions) {
        // An emoji is a person's text, so it is escaped like one although it stands as a key.
        std::string key;
        append_quoted(key, reaction.emoji);
        out.key(std::string_view(key).substr(1, key.size() - 2)).begin_object();
        out.key("count").number(reaction.count);
        out.key("users").begin_array();
        for (const auto& user : reaction.users)
            out.id(user);
        out.end_array().end_object();
    }
    out.end_object();
}

void write_changes(JsonWriter& out, const std::vector<MemberChange>& changes) {
    out.key("members").begin_array();
    for (const auto& change : changes) {
        out.begin_object().key("userId").id(change.user);
        out.key("role").string(name_of(change.role)).end_object();
    }
    out.end_array();
}

struct BodyWriter {
    JsonWriter& out;

    void operator()(const MessageBody& body) const {
        out.key("message").string(body.text);
        out.key("readReceipt").begin_array().end_array();
        write_extras(out, body);
        if (body.blanked) out.key("blanked").boolean(true);
    }
    void operator()(const EditBody& body) const {
        out.key("target").number(body.target);
        out.key("message").string(body.text);
        if (body.blanked) out.key("blanked").boolean(true);
    }
    void operator()(const DeleteBody& body) const { out.key("target").number(body.target); }
    void operator()(const ReactBody& body) const {
        out.key("target").number(body.target);
        out.key("emoji").string(body.emoji);
        out.key("on").boolean(body.on);
    }
    void operator()(const MemberBody& body) const {
        out.key("op").string(name_of(body.op));
        write_changes(out, body.changes);
        if (body.successor) out.key("successor").id(*body.successor);
    }
    void operator()(const ChannelBody& body) const {
        out.key("op").string(name_of(body.op));
        const bool created = body.op == ChannelOp::created;
        if (created) out.key("isGroup").boolean(body.is_group);
        if (body.sets_name()) out.key("name").string(body.name);
        if (body.sets_image()) out.key("groupImage").string(body.image);
        if (created) out.key("history").string(body.history == HistoryAccess::all ? "all" : "since_join");
        if (body.sets_data() && !body.data.empty()) out.key("data").raw(body.data);
        if (created) write_changes(out, body.members);
    }
};

std::uint64_t seconds_of(std::chrono::milliseconds span) {
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(span).count());
}

struct NoticeWriter {
    JsonWriter& out;

    void operator()(const ReceiptNotice& n) const {
        begin("receipt").key("channelId").id(n.channel).key("userId").id(n.user);
        if (n.delivered != 0) out.key("delivered").number(n.delivered);
        if (n.read != 0) out.key("read").number(n.read);
    }
    void operator()(const TypingNotice& n) const {
        begin("typing").key("channelId").id(n.channel).key("userId").id(n.user);
        out.key("on").boolean(n.on);
        if (n.on) out.key("ttl").number(seconds_of(n.ttl));
    }
    void operator()(const PresenceNotice& n) const {
        write_presence(begin("presence").key("userId").id(n.user), n);
    }
    void operator()(const StateNotice& n) const {
        begin("state").key("channelId").id(n.channel);
        write_settings(out, n.settings, n.read_count);
    }

private:
    JsonWriter& begin(std::string_view event) const {
        return out.begin_object().key("event").string(event).key("data").begin_object();
    }
};

void write_person(JsonWriter& out, const User& user, PersonDetail detail) {
    out.begin_object().key("_id").id(user.id);
    out.key("name").string(user.name);
    if (detail == PersonDetail::with_contact) {
        out.key("email").string(user.email);
        out.key("phoneNo").string(user.phone);
    }
    out.key("image").string(user.image).end_object();
}

/// More than the fixed part of any entry's JSON, with every number at its longest but the body's own texts.
constexpr std::size_t kFixedBytes = 420;
constexpr std::size_t kEnvelopeBytes = 32;

std::size_t bytes_of(const MessageBody& body) {
    std::size_t bytes = quoted_bytes(body.type) + body.data.size() + body.mentions.size() * 27;
    for (const auto& file : body.attachments)
        bytes += quoted_bytes(file) + 1;
    return bytes;
}

struct BodyBytes {
    std::size_t operator()(const MessageBody& body) const { return quoted_bytes(body.text) + bytes_of(body); }
    std::size_t operator()(const EditBody& body) const { return quoted_bytes(body.text); }
    std::size_t operator()(const DeleteBody&) const { return 0; }
    std::size_t operator()(const ReactBody& body) const { return quoted_bytes(body.emoji); }
    std::size_t operator()(const MemberBody& body) const { return body.changes.size() * 64; }
    std::size_t operator()(const ChannelBody& body) const {
        return quoted_bytes(body.name) + quoted_bytes(body.image) + body.data.size() +
               body.members.size() * 64;
    }
};

}  // namespace

void write_message(JsonWriter& out, const chat::FoldedMessage& message) {
    const auto& entry = *message.entry;
    out.begin_object();
    write_entry_fields(out, entry);
    out.key("message").string(message.text);
    out.key("readReceipt").begin_array().end_array();
    const auto* body = std::get_if<MessageBody>(&entry.body);
    if (body && message.deleted_by == 0) write_extras(out, *body);
    if (message.edited_by != 0) out.key("edited").number(message.edited_by);
    if (message.deleted_by != 0) out.key("deleted").number(message.deleted_by);
    if (!message.reactions.empty()) write_reactions(out, message.reactions);
    out.end_object();
}

void write_entry(JsonWriter& out, const Entry& entry) {
    out.begin_object();
    write_entry_fields(out, entry);
    std::visit(BodyWriter{out}, entry.body);
    out.end_object();
}

void write_member(JsonWriter& out, const chat::MemberView& member, PersonDetail detail) {
    out.begin_object().key("_id").id(member.user->id);
    out.key("userId");
    write_person(out, *member.user, detail);
    out.key("role").string(name_of(member.role)).end_object();
}

void write_peer(JsonWriter& out, const User& peer) {
    out.key("peer");
    write_person(out, peer, PersonDetail::name_only);
}

void write_channel_summary(JsonWriter& out, const Channel& channel, const Entry* head) {
    out.key("_id").id(channel.id);
    out.key("name").string(channel.name);
    out.key("groupImage").string(channel.image);
    out.key("isGroup").boolean(channel.is_group);
    if (!channel.data.empty()) out.key("data").raw(channel.data);
    out.key("createdAt").plain(to_iso8601(channel.created_at));
    out.key("updatedAt").plain(to_iso8601(channel.updated_at));
    out.key("memberCount").number(channel.member_count);
    if (head) {
        out.key("head").number(head->seq);
        out.key("count").number(head->count);
    }
}

std::size_t members_bytes(const chat::ChannelView& view) {
    return view.members.size() * 200;
}

void write_channel_fields(JsonWriter& out, const chat::ChannelView& view, const Entry* head,
                          PersonDetail detail) {
    write_channel_summary(out, view.channel, head);
    auto& text = view.texts[static_cast<std::size_t>(detail)];
    if (text.empty()) {
        JsonWriter members(members_bytes(view));
        members.begin_array();
        for (const auto& member : view.members)
            write_member(members, member, detail);
        text = members.end_array().take();
    }
    out.key("members").raw(text);
}

std::string_view name_of(NotifyLevel level) {
    switch (level) {
        case NotifyLevel::all:
            return "all";
        case NotifyLevel::mentions:
            return "mentions";
        case NotifyLevel::none:
            break;
    }
    return "none";
}

void write_settings(JsonWriter& out, const MemberSettings& settings, std::uint64_t read_count) {
    out.key("muted").boolean(settings.muted);
    out.key("pinned").boolean(settings.pinned);
    out.key("archived").boolean(settings.archived);
    out.key("notify").string(name_of(settings.notify));
    out.key("unreadFrom").number(settings.unread.from);
    out.key("readCount").number(read_count);
    out.key("revision").number(settings.revision);
}

void write_marks(JsonWriter& out, const chat::ChannelMarks& marks) {
    out.key("unread").number(marks.unread);
    out.key("state").begin_object();
    write_settings(out, marks.own.settings, marks.own.read_count);
    out.end_object().key("watermarks").begin_object();
    for (const auto& [user, watermark] : marks.watermarks) {
        out.key(user.hex()).begin_object().key("delivered").number(watermark.delivered);
        out.key("read").number(watermark.read).end_object();
    }
    out.end_object();
}

std::size_t marks_bytes(const chat::ChannelMarks& marks) {
    return 240 + marks.watermarks.size() * 96;
}

void write_presence(JsonWriter& out, const PresenceNotice& presence) {
    out.key("online").boolean(presence.online);
    if (presence.last_seen != WallTime()) out.key("lastSeen").plain(to_iso8601(presence.last_seen));
}

std::string message_json(const chat::FoldedMessage& message) {
    JsonWriter out;
    write_message(out, message);
    return out.take();
}

std::string entry_json(const Entry& entry) {
    JsonWriter out;
    write_entry(out, entry);
    return out.take();
}

std::string push_json(const chat::Push& push) {
    const auto& entry = *push.entry;
    JsonWriter out;
    out.begin_object().key("event");
    if (push.view) {
        out.string(push.view->channel.is_group ? "group:new" : "group:chat").key("data").begin_object();
        write_channel_fields(out, *push.view, &entry, PersonDetail::with_contact);
        out.key("messages").begin_array().end_array().end_object();
    } else {
        out.string(entry.is_message() ? "message:new" : "entry").key("data");
        write_entry(out, entry);
    }
    return out.end_object().take();
}

std::string notice_json(const chat::NoticePush& push) {
    JsonWriter out;
    std::visit(NoticeWriter{out}, push.notice);
    return out.end_object().end_object().take();
}

std::string resync_json(const std::vector<std::pair<ChannelId, Seq>>& channels) {
    JsonWriter out;
    out.begin_object().key("event").string("resync");
    out.key("data").begin_object().key("channels").begin_object();
    for (const auto& [channel, head] : channels)
        out.key(channel.hex()).number(head);
    return out.end_object().end_object().end_object().take();
}

std::string success_json(std::string_view data) {
    JsonWriter out(data.size() + kEnvelopeBytes);
    return out.begin_object().key("success").boolean(true).key("data").raw(data).end_object().take();
}

std::string error_json(const Error& error) {
    JsonWriter out;
    out.begin_object().key("success").boolean(false);
    out.key("errors").begin_array().string(error.message).end_array();
    out.key("code").string(info(error.code).wire_name);
    if (error.retry_after.count() > 0) {
        out.key("retryAfter").number(static_cast<std::uint64_t>(error.retry_after.count()));
    }
    return out.end_object().take();
}

std::size_t message_bytes(const chat::FoldedMessage& message) {
    std::size_t bytes = kFixedBytes + quoted_bytes(message.entry->nonce) + quoted_bytes(message.text);
    const auto* body = std::get_if<MessageBody>(&message.entry->body);
    if (body && message.deleted_by == 0) bytes += bytes_of(*body);
    for (const auto& reaction : message.reactions)
        bytes += quoted_bytes(reaction.emoji) + 48 + reaction.users.size() * 27;
    return bytes;
}

std::size_t entry_bytes(const Entry& entry) {
    return kFixedBytes + quoted_bytes(entry.nonce) + std::visit(BodyBytes{}, entry.body);
}

}  // namespace warren::gateway
