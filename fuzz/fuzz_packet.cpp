// A Socket.IO packet: what is accepted keeps the limits, and encodes to something that is accepted again.
#include <boost/json/serialize.hpp>

#include "fuzz/target.hpp"
#include "socketio/packet.hpp"

namespace {

using namespace warren;
using socketio::PacketType;

std::string encode(const socketio::Packet& packet) {
    auto args = packet.data.get_array();
    socketio::EncodedPacket encoded;
    socketio::Attachments attachments(packet.attachment_count, "x");
    if (packet.type == PacketType::ack || packet.type == PacketType::binary_ack) {
        encoded = socketio::encode_ack(packet.nsp, *packet.id, socketio::arguments_json(args), attachments);
    } else {
        const std::string name(args.front().get_string());
        args.erase(args.begin());
        encoded =
            socketio::encode_event(packet.nsp, name, socketio::arguments_json(args), packet.id, attachments);
    }
    return std::string(encoded->text.payload().substr(1));
}

}  // namespace

WARREN_FUZZ_TARGET(packet) {
    socketio::PacketLimits limits;
    limits.bytes_max = 4096;
    const auto packet = socketio::parse_packet(input, limits);
    if (!packet) return;
    fuzz::require(packet->attachment_count <= limits.attachments_max, "too many attachments");
    fuzz::require(packet->nsp.starts_with('/'), "a namespace that is none");
    if (!packet->data.is_array()) return;
    const auto& first = packet->data.get_array();
    const bool is_ack = packet->type == PacketType::ack || packet->type == PacketType::binary_ack;
    if (!is_ack && !first.front().is_string()) return;
    const auto again = socketio::parse_packet(encode(*packet), {});
    fuzz::require(again.has_value(), "an encoded packet is refused");
    fuzz::require(again->nsp == packet->nsp && again->id == packet->id && again->type == packet->type &&
                      again->attachment_count == packet->attachment_count,
                  "an encoded packet differs");
}
