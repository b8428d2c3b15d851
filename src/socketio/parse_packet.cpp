#include <boost/json/parse.hpp>
#include <charconv>

#include "socketio/packet.hpp"

namespace warren::socketio {
namespace {

Error malformed(std::string_view what) {
    return {Errc::invalid, "Malformed packet: " + std::string(what)};
}

bool is_binary(PacketType type) {
    return type == PacketType::binary_event || type == PacketType::binary_ack;
}

/// Takes the digits at the front; nothing when there are none, an error when they are no 64-bit number.
Result<std::optional<std::uint64_t>> take_number(std::string_view& text) {
    std::uint64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec == std::errc::result_out_of_range) return malformed("number too large");
    if (end == text.data()) return std::optional<std::uint64_t>();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return std::optional(n);
}

Result<void> take_attachment_count(std::string_view& text, Packet& packet, std::size_t max) {
    WARREN_TRY(count, take_number(text));
    if (!count || *count == 0 || !text.starts_with('-')) return malformed("attachment count");
    if (*count > max) return Error(Errc::too_large, "Too many attachments");
    text.remove_prefix(1);
    packet.attachment_count = static_cast<std::size_t>(*count);
    return {};
}

Result<void> take_namespace(std::string_view& text, Packet& packet, std::size_t max) {
    if (!text.starts_with('/')) return {};
    const auto end = std::min(text.find(','), text.size());
    if (end > max) return Error(Errc::too_large, "Namespace too long");
    packet.nsp = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return {};
}

/// Names that mean something to the client library itself.
bool is_reserved(std::string_view event) {
    for (const auto name :
         {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
        if (event == name) return true;
    }
    return false;
}

bool names_event(const json::value& data) {
    if (!data.is_array() || data.get_array().empty()) return false;
    const auto& name = data.get_array().front();
    if (name.is_string())
        return !is_reserved(std::string_view(name.get_string().data(), name.get_string().size()));
    return name.is_number();
}

bool shape_fits(const Packet& packet, bool has_data) {
    switch (packet.type) {
        case PacketType::connect:
            return !packet.id && (!has_data || packet.data.is_object());
        case PacketType::disconnect:
            return !packet.id && !has_data;
        case PacketType::event:
        case PacketType::binary_event:
            return names_event(packet.data);
        case PacketType::ack:
        case PacketType::binary_ack:
            return packet.id && packet.data.is_array();
        case PacketType::connect_error:
            return packet.data.is_object() || packet.data.is_string();
    }
    return false;
}

/// Whether every placeholder names an attachment. The depth is bounded by the parser.
bool placeholders_fit(const json::value& value, std::size_t count) {
    if (const auto* array = value.if_array()) {
        for (const auto& each : *array) {
            if (!placeholders_fit(each, count)) return false;
        }
    } else if (const auto* object = value.if_object()) {
        const auto* mark = object->if_contains("_placeholder");
        if (mark && mark->is_bool() && mark->get_bool()) {
            const auto* num = object->if_contains("num");
            return num && num->is_int64() && num->get_int64() >= 0 &&
                   static_cast<std::uint64_t>(num->get_int64()) < count;
        }
        for (const auto& [_, each] : *object) {
            if (!placeholders_fit(each, count)) return false;
        }
    }
    return true;
}

/// The code unit of the `\\uXXXX` at the front; nothing when there is none.
std::optional<unsigned> code_unit(std::string_view text) {
    unsigned unit = 0;
    if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
    const auto [end, ec] = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
    if (ec != std::errc() || end != text.data() + 6) return std::nullopt;
    return unit;
}

/// JavaScript writes half an emoji as the escape of a lone surrogate, which is no text for anybody else: each
/// becomes U+FFFD. Nothing when there is none.
std::optional<std::string> mend_surrogates(std::string_view text) {
    const auto in = [](std::optional<unsigned> unit, unsigned from) {
        return unit && (*unit & 0xfc00) == from;
    };
    std::string out;
    bool mended = false;
    for (std::size_t i = 0; i < text.size();) {
        const auto unit = code_unit(text.substr(i));
        std::size_t length = text[i] == '\\' ? (unit ? 6 : 2) : 1;
        if (in(unit, 0xd800) && in(code_unit(text.substr(i + 6)), 0xdc00)) {
            length = 12;
        } else if (in(unit, 0xd800) || in(unit, 0xdc00)) {
            out += "\\ufffd";
            mended = true;
            i += 6;
            continue;
        }
        out += text.substr(i, length);
        i += length;
    }
    if (!mended) return std::nullopt;
    return out;
}

Result<json::value> parse_json(std::string_view text, std::size_t depth_max) {
    json::parse_options options;
    options.max_depth = depth_max;
    boost::system::error_code ec;
    auto value = json::parse(json::string_view(text.data(), text.size()), ec, {}, options);
    if (ec) return malformed(ec.message());
    return value;
}

}  // namespace

Result<Packet> parse_packet(std::string_view text, const PacketLimits& limits) {
    if (text.size() > limits.bytes_max) return Error(Errc::too_large, "Packet too large");
    if (text.empty() || text.front() < '0' || text.front() > '6') return malformed("type");
    Packet packet;
    packet.type = static_cast<PacketType>(text.front() - '0');
    text.remove_prefix(1);
    if (is_binary(packet.type)) {
        WARREN_TRY_VOID(take_attachment_count(text, packet, limits.attachments_max));
    }
    WARREN_TRY_VOID(take_namespace(text, packet, limits.namespace_bytes_max));
    WARREN_TRY(id, take_number(text));
    packet.id = id;
    std::optional<std::string> mended;
    if (!text.empty()) {
        auto parsed = parse_json(text, limits.depth_max);
        if (!parsed && (mended = mend_surrogates(text))) {
            text = *mended;
            parsed = parse_json(text, limits.depth_max);
        }
        if (!parsed) return parsed.error();
        packet.data = std::move(*parsed);
    }
    if (!shape_fits(packet, !text.empty())) return malformed("shape");
    if (is_binary(packet.type) && !placeholders_fit(packet.data, packet.attachment_count)) {
        return malformed("placeholder");
    }
    if (packet.type == PacketType::event || packet.type == PacketType::binary_event) packet.raw = text;
    return packet;
}

Result<std::optional<Packet>> Decoder::text(std::string_view data) {
    if (partial_) return malformed("text between attachments");
    WARREN_TRY(packet, parse_packet(data, *limits_));
    if (packet.attachment_count == 0) return std::optional(std::move(packet));
    partial_bytes_ = data.size();
    partial_ = std::make_unique<Packet>(std::move(packet));
    return std::optional<Packet>();
}

Result<std::optional<Packet>> Decoder::binary(std::string_view data) {
    if (!partial_) return malformed("attachment without a packet");
    partial_bytes_ += data.size();
    if (partial_bytes_ > limits_->bytes_max) return Error(Errc::too_large, "Packet too large");
    partial_->attachments.emplace_back(data);
    if (partial_->attachments.size() < partial_->attachment_count) return std::optional<Packet>();
    std::optional<Packet> whole(std::move(*partial_));
    partial_.reset();
    return whole;
}

}  // namespace warren::socketio
