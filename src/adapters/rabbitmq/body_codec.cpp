#include "adapters/rabbitmq/body_codec.hpp"

#include <cstring>
#include <optional>

#include "model/entry_codec.hpp"

namespace warren::rabbitmq {
namespace {

// The kinds double as a letter that one can read in a broker's trace.
enum class Kind : char {
    entry = 'E',
    head = 'H',
    notice = 'N',
    presence_told = 'P',
    presence_asked = 'Q',
    beat = 'B',
    goodbye = 'G',
    signed_out = 'S',
    audit_all = 'A'
};
// In the order of Notice's alternatives.
constexpr std::string_view kNoticeKinds = "rtps";
constexpr char kVersion = 1;
constexpr std::size_t kPrefixBytes = 2;

struct Writer {
    std::string out;

    explicit Writer(Kind kind) {
        out += kVersion;
        out += static_cast<char>(kind);
    }
    template <class Tag>
    Writer& id(const Id<Tag>& id) {
        out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
        return *this;
    }
    Writer& byte(char c) {
        out += c;
        return *this;
    }
    Writer& users(const std::vector<UserId>& all) {
        number(all.size());
        for (const auto& user : all)
            id(user);
        return *this;
    }
    Writer& person(const PresenceNotice& n) {
        return id(n.user).byte(n.online).span(n.last_seen.time_since_epoch());
    }
    Writer& span(std::chrono::milliseconds span) { return number(static_cast<std::uint64_t>(span.count())); }
    Writer& number(std::uint64_t n) {
        for (int shift = 56; shift >= 0; shift -= 8)
            out += static_cast<char>(static_cast<unsigned char>(n >> shift));
        return *this;
    }
};

/// Reads fields of fixed size; `ok()` once everything was read and nothing was missing.
struct Reader {
    std::string_view rest;
    bool missing = false;

    template <class AnyId>
    AnyId id() {
        AnyId id;
        if (const auto bytes = take(id.bytes.size()); bytes)
            std::memcpy(id.bytes.data(), bytes, id.bytes.size());
        return id;
    }
    std::uint64_t number() {
        std::uint64_t n = 0;
        const auto* bytes = take(8);
        for (std::size_t i = 0; bytes && i < 8; ++i)
            n = (n << 8) | static_cast<unsigned char>(bytes[i]);
        return n;
    }
    char byte() {
        const auto* bytes = take(1);
        return bytes ? *bytes : '\0';
    }
    bool flag() {
        const auto c = byte();
        if (c != 0 && c != 1) missing = true;
        return c == 1;
    }
    std::chrono::milliseconds span() {
        return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(number()));
    }
    /// How many of something follow.
    std::uint64_t count() {
        const auto n = number();
        if (n > kNamedMax) missing = true;
        return missing ? 0 : n;
    }
    std::vector<UserId> users() {
        std::vector<UserId> all;
        for (auto left = count(); left > 0; --left)
            all.push_back(id<UserId>());
        return all;
    }
    PresenceNotice person() {
        PresenceNotice person{id<UserId>()};
        person.online = flag();
        person.last_seen = WallTime(span());
        return person;
    }
    bool ok() const { return !missing && rest.empty(); }

private:
    const char* take(std::size_t size) {
        if (rest.size() < size) missing = true;
        if (missing) return nullptr;
        const auto* bytes = rest.data();
        rest.remove_prefix(size);
        return bytes;
    }
};

Error refused(std::string why) {
    return Error(Errc::invalid, "A message on the bus is not Warren's: " + std::move(why) + ".");
}

Result<Body> decode_announced(std::string_view text) {
    WARREN_TRY(entry, decode_entry(text));
    return Body(BusMessage(EntryAnnounced{std::make_shared<const Entry>(std::move(entry))}));
}

std::optional<Notice> read_state(Reader& in) {
    StateNotice state;
    state.channel = in.id<ChannelId>();
    state.user = in.id<UserId>();
    auto& settings = state.settings;
    settings.muted = in.flag();
    settings.pinned = in.flag();
    settings.archived = in.flag();
    const auto notify = in.number();
    if (notify > static_cast<std::uint64_t>(NotifyLevel::none)) return std::nullopt;
    settings.notify = static_cast<NotifyLevel>(notify);
    settings.unread.from = in.number();
    settings.unread.count_before = in.number();
    settings.revision = in.number();
    state.read_count = in.number();
    return state;
}

std::optional<Notice> read_notice(Reader& in) {
    switch (in.byte()) {
        case 'r': {
            ReceiptNotice receipt{in.id<ChannelId>(), in.id<UserId>()};
            receipt.delivered = in.number();
            receipt.read = in.number();
            return receipt;
        }
        case 't': {
            TypingNotice typing{in.id<ChannelId>(), in.id<UserId>()};
            typing.on = in.flag();
            typing.ttl = in.span();
            return typing;
        }
        case 'p':
            return in.person();
        case 's':
            return read_state(in);
        default:
            return std::nullopt;
    }
}

std::optional<Body> read_announced_notice(Reader& in) {
    NoticeAnnounced announced;
    announced.from = in.id<NodeId>();
    announced.to = in.users();
    auto notice = read_notice(in);
    if (!notice) return std::nullopt;
    announced.notice = std::make_shared<const Notice>(*notice);
    return BusMessage(std::move(announced));
}

Body read_presence_told(Reader& in) {
    PresenceTold told;
    told.from = in.id<NodeId>();
    told.ttl = in.span();
    for (auto left = in.count(); left > 0; --left)
        told.people.push_back(in.person());
    return BusMessage(std::move(told));
}

Body read_presence_asked(Reader& in) {
    PresenceAsked asked;
    asked.from = in.id<NodeId>();
    asked.users = in.users();
    return BusMessage(std::move(asked));
}

std::optional<Body> read_fields(Kind kind, Reader& in) {
    switch (kind) {
        case Kind::head: {
            const auto channel = in.id<ChannelId>();
            return BusMessage(HeadAnnounced{channel, in.number()});
        }
        case Kind::notice:
            return read_announced_notice(in);
        case Kind::presence_told:
            return read_presence_told(in);
        case Kind::presence_asked:
            return read_presence_asked(in);
        case Kind::beat: {
            const auto node = in.id<NodeId>();
            const auto number = in.number();
            return ControlMessage(Beat{node, number, in.number()});
        }
        case Kind::goodbye:
            return ControlMessage(Goodbye{in.id<NodeId>()});
        case Kind::signed_out:
            return ControlMessage(SignedOut{in.id<UserId>()});
        case Kind::audit_all:
            return ControlMessage(AuditAll{in.id<NodeId>()});
        case Kind::entry:
            break;
    }
    return std::nullopt;
}

struct NoticeWriter {
    Writer& out;

    void operator()(const ReceiptNotice& n) const {
        out.id(n.channel).id(n.user).number(n.delivered).number(n.read);
    }
    void operator()(const TypingNotice& n) const { out.id(n.channel).id(n.user).byte(n.on).span(n.ttl); }
    void operator()(const PresenceNotice& n) const { out.person(n); }
    void operator()(const StateNotice& n) const {
        const auto& settings = n.settings;
        out.id(n.channel).id(n.user);
        out.byte(settings.muted).byte(settings.pinned).byte(settings.archived);
        out.number(static_cast<std::uint64_t>(settings.notify)).number(settings.unread.from);
        out.number(settings.unread.count_before).number(settings.revision).number(n.read_count);
    }
};

struct Encoder {
    std::string operator()(const EntryAnnounced& m) const {
        return Writer(Kind::entry).out + encode_entry(*m.entry);
    }
    std::string operator()(const HeadAnnounced& m) const {
        return Writer(Kind::head).id(m.channel).number(m.seq).out;
    }
    std::string operator()(const NoticeAnnounced& m) const {
        Writer out(Kind::notice);
        out.id(m.from).users(m.to).byte(kNoticeKinds[m.notice->index()]);
        std::visit(NoticeWriter{out}, *m.notice);
        return std::move(out.out);
    }
    std::string operator()(const PresenceTold& m) const {
        Writer out(Kind::presence_told);
        out.id(m.from).span(m.ttl).number(m.people.size());
        for (const auto& person : m.people)
            out.person(person);
        return std::move(out.out);
    }
    std::string operator()(const PresenceAsked& m) const {
        return Writer(Kind::presence_asked).id(m.from).users(m.users).out;
    }
    std::string operator()(const Beat& m) const {
        return Writer(Kind::beat).id(m.node).number(m.number).number(m.partition_map_hash).out;
    }
    std::string operator()(const Goodbye& m) const { return Writer(Kind::goodbye).id(m.node).out; }
    std::string operator()(const SignedOut& m) const { return Writer(Kind::signed_out).id(m.user).out; }
    std::string operator()(const AuditAll& m) const { return Writer(Kind::audit_all).id(m.node).out; }
};

}  // namespace

std::string encode(const BusMessage& message) {
    return std::visit(Encoder(), message);
}

std::string encode(const ControlMessage& message) {
    return std::visit(Encoder(), message);
}

Result<Body> decode(std::string_view bytes) {
    if (bytes.size() < kPrefixBytes) return refused("it is too short");
    if (bytes.size() > kBodyBytesMax) return refused("it is too long");
    if (bytes[0] != kVersion) return refused("unknown version " + std::to_string(int{bytes[0]}));
    const auto kind = static_cast<Kind>(bytes[1]);
    const auto rest = bytes.substr(kPrefixBytes);
    if (kind == Kind::entry) return decode_announced(rest);
    Reader in{rest};
    auto body = read_fields(kind, in);
    if (!body) return refused("unknown kind");
    if (!in.ok()) return refused("a field is missing or over");
    return *std::move(body);
}

}  // namespace warren::rabbitmq
