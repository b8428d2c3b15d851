#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/frame.hpp"

namespace warren::load {

/// What a server sent that no server may send, or an answer that ends the connection.
struct WireError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The request for a WebSocket on Engine.IO's `path`.
std::string upgrade_request(std::string_view host, std::string_view path);

/// Appends a text frame of `head` and `tail` as a client sends it. The mask is zero: legal on the wire and,
/// to a server, as much work as any other, while the generator need not go over the bytes again.
void append_text_frame(std::string& out, std::string_view head, std::string_view tail);

struct ServerFrame {
    http::Opcode opcode = http::Opcode::text;
    std::string_view payload;
    std::size_t bytes = 0;  ///< Of the whole frame.
};
/// The first frame of `bytes`, or nothing while it is not whole. Throws WireError for what neither server
/// under test sends: fragments, masks, reserved bits.
std::optional<ServerFrame> first_frame(std::string_view bytes);

/// One Socket.IO packet of the main namespace in an Engine.IO message.
struct ServerPacket {
    enum class Kind { open, ping, connected, refused, disconnected, event, ack, other } kind = Kind::other;
    std::uint64_t ack = 0;
    std::string_view body;  ///< The JSON, where there is any.
};
ServerPacket parse_server_packet(std::string_view text);

/// The number that follows the first `key` in `json` (`"seq":` for instance).
std::optional<std::uint64_t> number_after(std::string_view json, std::string_view key);
/// The `length` bytes that follow the first `key`; empty where there are fewer.
std::string_view text_after(std::string_view json, std::string_view key, std::size_t length);

}  // namespace warren::load
