#include "model/entry_codec.hpp"

#include <boost/json.hpp>

namespace warren {
namespace {

namespace json = boost::json;

void put(json::object& out, std::string_view key, const std::string& value) {
    if (!value.empty()) out[key] = value;
}
void put(json::object& out, std::string_view key, std::uint64_t value) {
    if (value != 0) out[key] = value;
}
void put(json::object& out, std::string_view key, const std::vector<MemberChange>& changes) {
    json::array list;
    for (const auto& change : changes) {
        list.push_back(json::array{change.user.hex(), static_cast<std::uint64_t>(change.role)});
    }
    out[key] = std::move(list);
}

struct Writer {
    json::object& out;
    void operator()(const MessageBody& body) const {
        put(out, "text", body.text);
        put(out, "type", body.type);
        put(out, "data", body.data);
        put(out, "replyTo", body.reply_to);
        if (!body.mentions.empty()) {
            json::array ids;
            for (const auto& user : body.mentions)
                ids.push_back(json::value(user.hex()));
            out["mentions"] = std::move(ids);
        }
        if (!body.attachments.empty()) {
            out["attachments"] = json::array(body.attachments.begin(), body.attachments.end());
        }
        put(out, "blanked", static_cast<std::uint64_t>(body.blanked));
    }
    void operator()(const EditBody& body) const {
        put(out, "target", body.target);
        put(out, "text", body.text);
        put(out, "blanked", static_cast<std::uint64_t>(body.blanked));
    }
    void operator()(const DeleteBody& body) const { put(out, "target", body.target); }
    void operator()(const ReactBody& body) const {
        put(out, "target", body.target);
        put(out, "emoji", body.emoji);
        put(out, "on", static_cast<std::uint64_t>(body.on));
    }
    void operator()(const MemberBody& body) const {
        put(out, "op", static_cast<std::uint64_t>(body.op));
        put(out, "changes", body.changes);
        if (body.successor) out["successor"] = body.successor->hex();
    }
    void operator()(const ChannelBody& body) const {
        put(out, "op", static_cast<std::uint64_t>(body.op));
        put(out, "group", static_cast<std::uint64_t>(body.is_group));
        put(out, "name", body.name);
        put(out, "image", body.image);
        put(out, "history", static_cast<std::uint64_t>(body.history));
        put(out, "data", body.data);
        put(out, "members", body.members);
        put(out, "withName", static_cast<std::uint64_t>(body.with_name));
        put(out, "withImage", static_cast<std::uint64_t>(body.with_image));
        put(out, "withData", static_cast<std::uint64_t>(body.with_data));
    }
};

/// Reads fields of one object; the first wrong one makes `ok` false and everything after it a default.
class Reader {
public:
    explicit Reader(const json::object& object) : object_(object) {}

    std::string text(std::string_view key) {
        const auto* value = object_.if_contains(key);
        if (!value) return {};
        if (const auto* string = value->if_string()) return std::string(*string);
        ok_ = false;
        return {};
    }
    std::uint64_t number(std::string_view key, std::uint64_t max = UINT64_MAX) {
        const auto* value = object_.if_contains(key);
        if (!value) return 0;
        boost::system::error_code ignored;
        const auto number = value->to_number<std::uint64_t>(ignored);
        if (ignored || number > max) ok_ = false;
        return ok_ ? number : 0;
    }
    template <class AnyId>
    AnyId id(std::string_view key) {
        return parse<AnyId>(text(key));
    }
    const json::array& list(std::string_view key) {
        static const json::array kNone;
        const auto* value = object_.if_contains(key);
        if (!value) return kNone;
        if (const auto* array = value->if_array()) return *array;
        ok_ = false;
        return kNone;
    }
    template <class AnyId>
    AnyId parse(std::string_view hex) {
        const auto id = AnyId::parse(hex);
        if (!id) ok_ = false;
        return id.value_or(AnyId{});
    }
    std::string_view string_of(const json::value& value) {
        if (const auto* string = value.if_string()) return *string;
        ok_ = false;
        return {};
    }
    std::vector<MemberChange> changes(std::string_view key) {
        std::vector<MemberChange> out;
        for (const auto& item : list(key)) {
            const auto* pair = item.if_array();
            if (!pair || pair->size() != 2 || !(*pair)[1].is_number()) {
                ok_ = false;
                return {};
            }
            const auto role = (*pair)[1].to_number<int>() == 1 ? Role::admin : Role::member;
            out.push_back({parse<UserId>(string_of((*pair)[0])), role});
        }
        return out;
    }
    bool has(std::string_view key) const { return object_.contains(key); }
    bool ok() const { return ok_; }

private:
    const json::object& object_;
    bool ok_ = true;
};

MessageBody read_message(Reader& in) {
    MessageBody body;
    body.text = in.text("text");
    body.type = in.text("type");
    body.data = in.text("data");
    body.reply_to = in.number("replyTo");
    for (const auto& user : in.list("mentions"))
        body.mentions.push_back(in.parse<UserId>(in.string_of(user)));
    for (const auto& file : in.list("attachments"))
        body.attachments.emplace_back(in.string_of(file));
    body.blanked = in.number("blanked", 1) == 1;
    return body;
}

ChannelBody read_channel(Reader& in) {
    ChannelBody body;
    body.op = static_cast<ChannelOp>(in.number("op", 3));
    body.is_group = in.number("group", 1) == 1;
    body.name = in.text("name");
    body.image = in.text("image");
    body.history = static_cast<HistoryAccess>(in.number("history", 1));
    body.data = in.text("data");
    body.members = in.changes("members");
    body.with_name = in.number("withName", 1) == 1;
    body.with_image = in.number("withImage", 1) == 1;
    body.with_data = in.number("withData", 1) == 1;
    return body;
}

MemberBody read_member(Reader& in) {
    MemberBody body;
    body.op = static_cast<MemberOp>(in.number("op", 3));
    body.changes = in.changes("changes");
    if (in.has("successor")) body.successor = in.id<UserId>("successor");
    return body;
}

EntryBody read_body(EntryKind kind, Reader& in) {
    switch (kind) {
        case EntryKind::message:
            return read_message(in);
        case EntryKind::edit:
            return EditBody{in.number("target"), in.text("text"), in.number("blanked", 1) == 1};
        case EntryKind::remove:
            return DeleteBody{in.number("target")};
        case EntryKind::react:
            return ReactBody{in.number("target"), in.text("emoji"), in.number("on", 1) == 1};
        case EntryKind::member:
            return read_member(in);
        case EntryKind::channel:
            return read_channel(in);
    }
    return {};
}

Error damaged() {
    return {Errc::internal, "An entry could not be decoded."};
}

Result<json::object> parse_object(std::string_view text) {
    boost::system::error_code failed;
    auto value = json::parse(text, failed);
    if (failed || !value.is_object()) return damaged();
    return std::move(value.get_object());
}

}  // namespace

std::string encode_body(const EntryBody& body) {
    json::object out;
    std::visit(Writer{out}, body);
    return json::serialize(out);
}

Result<EntryBody> decode_body(EntryKind kind, std::string_view text) {
    WARREN_TRY(object, parse_object(text));
    Reader in(object);
    auto body = read_body(kind, in);
    if (!in.ok()) return damaged();
    return body;
}

std::string encode_entry(const Entry& entry) {
    json::object out;
    out["channel"] = entry.channel.hex();
    put(out, "seq", entry.seq);
    out["id"] = entry.id.hex();
    out["sender"] = entry.sender.hex();
    put(out, "nonce", entry.nonce);
    out["at"] = entry.at.time_since_epoch().count();
    put(out, "count", entry.count);
    put(out, "messageSeq", entry.message_seq);
    put(out, "stateSeq", entry.state_seq);
    put(out, "prevStateSeq", entry.prev_state_seq);
    put(out, "kind", static_cast<std::uint64_t>(entry.kind()));
    json::object body;
    std::visit(Writer{body}, entry.body);
    out["body"] = std::move(body);
    return json::serialize(out);
}

Result<Entry> decode_entry(std::string_view text) {
    WARREN_TRY(object, parse_object(text));
    Reader in(object);
    Entry entry;
    entry.channel = in.id<ChannelId>("channel");
    entry.seq = in.number("seq");
    entry.id = in.id<EntryId>("id");
    entry.sender = in.id<UserId>("sender");
    entry.nonce = in.text("nonce");
    entry.at = WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(in.number("at", INT64_MAX))));
    entry.count = in.number("count");
    entry.message_seq = in.number("messageSeq");
    entry.state_seq = in.number("stateSeq");
    entry.prev_state_seq = in.number("prevStateSeq");
    const auto kind = static_cast<EntryKind>(in.number("kind", 5));
    const auto* body = object.if_contains("body");
    if (!in.ok() || entry.seq == 0 || !body || !body->is_object()) return damaged();
    Reader body_in(body->get_object());
    entry.body = read_body(kind, body_in);
    if (!body_in.ok()) return damaged();
    return entry;
}

}  // namespace warren
