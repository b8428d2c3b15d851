#include "load/wire.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace warren::load {
namespace {

/// What follows the first `key`. Not by string_view::find, which stops at each quotation mark.
/// @see docs/decisions/0092-the-generator-was-the-limit-of-chat.md
std::optional<std::string_view> after(std::string_view json, std::string_view key) {
    const auto* at = static_cast<const char*>(memmem(json.data(), json.size(), key.data(), key.size()));
    if (!at) return std::nullopt;
    return json.substr(static_cast<std::size_t>(at - json.data()) + key.size());
}

}  // namespace

std::string upgrade_request(std::string_view host, std::string_view path) {
    std::string out = "GET ";
    out.append(path).append("?EIO=4&transport=websocket HTTP/1.1\r\nHost: ").append(host);
    out +=
        "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    return out;
}

void append_text_frame(std::string& out, std::string_view head, std::string_view tail) {
    const auto length = head.size() + tail.size();
    const int length_bytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
    out += '\x81';
    out += static_cast<char>(0x80 | (length_bytes == 0 ? length : length_bytes == 2 ? 126U : 127U));
    for (int i = length_bytes - 1; i >= 0; --i)
        out += static_cast<char>((length >> (8 * i)) & 255);
    out.append(4, '\0').append(head).append(tail);
}

std::optional<ServerFrame> first_frame(std::string_view bytes) {
    if (bytes.size() < 2) return std::nullopt;
    const auto first = static_cast<unsigned char>(bytes[0]), second = static_cast<unsigned char>(bytes[1]);
    if ((first & 0xf0) != 0x80 || (second & 0x80) != 0) throw WireError("a frame that no server may send");
    std::uint64_t length = second;
    const std::size_t length_bytes = length < 126 ? 0 : length == 126 ? 2 : 8;
    if (bytes.size() < 2 + length_bytes) return std::nullopt;
    if (length_bytes > 0) length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        length = (length << 8) | static_cast<unsigned char>(bytes[2 + i]);
    const auto header = 2 + length_bytes;
    if (bytes.size() - header < length) return std::nullopt;
    ServerFrame frame;
    frame.opcode = static_cast<http::Opcode>(first & 15);
    frame.payload = bytes.substr(header, static_cast<std::size_t>(length));
    frame.bytes = header + static_cast<std::size_t>(length);
    return frame;
}

ServerPacket parse_server_packet(std::string_view text) {
    using Kind = ServerPacket::Kind;
    if (text.starts_with('0')) return {Kind::open, 0, text.substr(1)};
    if (text == "2") return {Kind::ping, 0, {}};
    if (text.size() < 2 || text[0] != '4') return {};
    auto body = text.substr(2);
    switch (text[1]) {
        case '0':
            return {Kind::connected, 0, body};
        case '1':
            return {Kind::disconnected, 0, body};
        case '2':
            return {Kind::event, 0, body};
        case '4':
            return {Kind::refused, 0, body};
        case '3':
            break;
        default:
            return {};
    }
    ServerPacket packet{Kind::ack, 0, {}};
    const auto read = std::from_chars(body.data(), body.data() + body.size(), packet.ack);
    packet.body = body.substr(static_cast<std::size_t>(read.ptr - body.data()));
    return packet;
}

std::optional<std::uint64_t> number_after(std::string_view json, std::string_view key) {
    const auto rest = after(json, key);
    if (!rest) return std::nullopt;
    std::uint64_t number = 0;
    const auto read = std::from_chars(rest->data(), rest->data() + rest->size(), number);
    if (read.ec != std::errc{}) return std::nullopt;
    return number;
}

std::string_view text_after(std::string_view json, std::string_view key, std::size_t length) {
    const auto rest = after(json, key);
    if (!rest || rest->size() < length) return {};
    return rest->substr(0, length);
}

}  // namespace warren::load
