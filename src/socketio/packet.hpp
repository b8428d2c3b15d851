#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/web_socket.hpp"

namespace warren::socketio {

namespace json = boost::json;

/// Bytes sent beside the JSON of an event; the JSON refers to them by `{"_placeholder":true,"num":N}`.
using Attachments = std::vector<std::string>;

/// One Socket.IO packet encoded for every transport. Immutable.
struct Encoded {
    http::Frame text;
    std::vector<http::Frame> attachments;
    std::size_t bytes() const;
};
/// Shared by reference by all connections it is queued to. Thread-safe.
using EncodedPacket = std::shared_ptr<const Encoded>;

/// Encodes an event for namespace `nsp` ("/" is the main one). `args_json` is the JSON of the arguments,
/// comma separated, already serialized; may be empty.
EncodedPacket encode_event(std::string_view nsp, std::string_view event, std::string_view args_json);
/// The same with an acknowledgement id and attachments.
EncodedPacket encode_event(std::string_view nsp, std::string_view event, std::string_view args_json,
                           std::optional<std::uint64_t> ack_id, Attachments attachments);
EncodedPacket encode_ack(std::string_view nsp, std::uint64_t id, std::string_view args_json,
                         Attachments attachments = {});
EncodedPacket encode_connect(std::string_view nsp, std::string_view sid);
EncodedPacket encode_connect_error(std::string_view nsp, std::string_view message, const json::value& data);
EncodedPacket encode_disconnect(std::string_view nsp);
/// The arguments as `encode_event` wants them.
std::string arguments_json(const json::array& args);

enum class PacketType { connect, disconnect, event, ack, connect_error, binary_event, binary_ack };

/// What is accepted of a packet. Beyond: a parse error, which closes that session.
struct PacketLimits {
    std::size_t attachments_max = 10;
    std::size_t depth_max = 32;
    std::size_t namespace_bytes_max = 128;
    std::size_t bytes_max = 1'000'000;  ///< Text and attachments of one packet.
};

struct Packet {
    PacketType type = PacketType::event;
    std::string nsp = "/";
    std::optional<std::uint64_t> id;
    json::value data;  ///< null where the packet has none.
    std::string raw;   ///< The JSON of `data` as it came; kept for events only.
    std::size_t attachment_count = 0;
    Attachments attachments;
};

/// Parses the text part of a packet, strictly. @errors invalid
/// @see Socket.IO v5, Packet encoding
Result<Packet> parse_packet(std::string_view text, const PacketLimits& limits);

/// Puts packets and their attachments together.
class Decoder {
public:
    explicit Decoder(const PacketLimits& limits) : limits_(&limits) {}
    /// A whole packet, or none yet. After an error the session must be closed. @errors invalid, too_large
    Result<std::optional<Packet>> text(std::string_view data);
    Result<std::optional<Packet>> binary(std::string_view data);

private:
    const PacketLimits* limits_;
    std::unique_ptr<Packet> partial_;
    std::size_t partial_bytes_ = 0;
};

}  // namespace warren::socketio
