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
    beat = 'B',
    goodbye = 'G',
    signed_out = 'S',
    audit_all = 'A'
};
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

std::optional<Body> read_fields(Kind kind, Reader& in) {
    switch (kind) {
        case Kind::head: {
            const auto channel = in.id<ChannelId>();
            return BusMessage(HeadAnnounced{channel, in.number()});
        }
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

struct Encoder {
    std::string operator()(const EntryAnnounced& m) const {
        return Writer(Kind::entry).out + encode_entry(*m.entry);
    }
    std::string operator()(const HeadAnnounced& m) const {
        return Writer(Kind::head).id(m.channel).number(m.seq).out;
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
