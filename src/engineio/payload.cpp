#include "engineio/payload.hpp"

#include "http/base64.hpp"

namespace warren::engineio {
namespace {

constexpr char kSeparator = '\x1e';

}  // namespace

std::optional<Packet> parse_text_packet(std::string_view text) {
    if (text.empty()) return std::nullopt;
    Packet packet;
    if (text.front() == 'b') {
        auto bytes = http::base64_decode(text.substr(1));
        if (!bytes) return std::nullopt;
        packet.type = PacketType::message;
        packet.binary = true;
        packet.decoded = std::move(*bytes);
        return packet;
    }
    if (text.front() < '0' || text.front() > '6') return std::nullopt;
    packet.type = static_cast<PacketType>(text.front());
    packet.data = text.substr(1);
    return packet;
}

std::string encode_payload(const std::vector<http::OutFrame>& frames) {
    std::size_t bytes = 0;
    for (const auto& frame : frames)
        bytes += frame->binary ? frame->bytes.size() / 3 * 4 + 8 : frame->bytes.size();
    std::string out;
    out.reserve(bytes);
    for (const auto& frame : frames) {
        if (!out.empty()) out += kSeparator;
        if (frame->binary) {
            out.append("b").append(http::base64(frame->payload()));
        } else {
            out.append(frame->payload());
        }
    }
    return out;
}

}  // namespace warren::engineio
