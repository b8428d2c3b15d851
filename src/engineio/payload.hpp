#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/web_socket.hpp"

namespace warren::engineio {

enum class PacketType : char {
    open = '0',
    close = '1',
    ping = '2',
    pong = '3',
    message = '4',
    upgrade = '5',
    noop = '6'
};

/// One packet; `data` refers to the input, or to `decoded` where that was base64.
struct Packet {
    PacketType type = PacketType::noop;
    bool binary = false;
    std::string_view data;
    std::string decoded;

    std::string_view content() const { return binary ? std::string_view(decoded) : data; }
};

/// A packet from text: a type digit and data, or `b` and base64. Nothing when malformed.
/// @see Engine.IO v4, Packet encoding
std::optional<Packet> parse_text_packet(std::string_view text);

/// Calls `f(text)` for each packet of a POST's body until it returns false. @see Engine.IO v4, Payload
template <class F>
void for_each_packet(std::string_view payload, F f) {
    for (;;) {
        const auto end = payload.find('\x1e');
        if (!f(payload.substr(0, end)) || end == payload.npos) return;
        payload.remove_prefix(end + 1);
    }
}

/// The body of a poll's answer: text frames' payloads as they are, binary ones as `b` and base64.
std::string encode_payload(const std::vector<http::OutFrame>& frames);

}  // namespace warren::engineio
