#include "socketio/packet.hpp"

#include <boost/json/serialize.hpp>

namespace warren::socketio {
namespace {

std::string prefix(PacketType type, std::size_t attachments, std::string_view nsp,
                   std::optional<std::uint64_t> id) {
    std::string out = "4";  // Engine.IO's message packet.
    out += static_cast<char>('0' + static_cast<int>(type));
    if (type == PacketType::binary_event || type == PacketType::binary_ack) {
        out.append(std::to_string(attachments)).append("-");
    }
    if (nsp != "/" && !nsp.empty()) out.append(nsp).append(",");
    if (id) out += std::to_string(*id);
    return out;
}

EncodedPacket finish(http::Frame text, Attachments attachments = {}) {
    auto packet = std::make_shared<Encoded>();
    packet->text = std::move(text);
    packet->attachments.reserve(attachments.size());
    for (const auto& bytes : attachments)
        packet->attachments.push_back(http::binary_frame(bytes));
    return packet;
}

}  // namespace

std::size_t Encoded::bytes() const {
    auto total = text.bytes.size();
    for (const auto& frame : attachments)
        total += frame.bytes.size();
    return total;
}

std::string arguments_json(const json::array& args) {
    std::string out;
    for (const auto& arg : args) {
        if (!out.empty()) out += ',';
        out += json::serialize(arg);
    }
    return out;
}

EncodedPacket encode_event(std::string_view nsp, std::string_view event, std::string_view args_json) {
    return encode_event(nsp, event, args_json, std::nullopt, {});
}

EncodedPacket encode_event(std::string_view nsp, std::string_view event, std::string_view args_json,
                           std::optional<std::uint64_t> ack_id, Attachments attachments) {
    const auto type = attachments.empty() ? PacketType::event : PacketType::binary_event;
    auto head = prefix(type, attachments.size(), nsp, ack_id);
    head.append("[").append(json::serialize(json::string_view(event.data(), event.size())));
    if (!args_json.empty()) head += ',';
    return finish(http::text_frame(head, args_json, "]"), std::move(attachments));
}

EncodedPacket encode_ack(std::string_view nsp, std::uint64_t id, std::string_view args_json,
                         Attachments attachments) {
    const auto type = attachments.empty() ? PacketType::ack : PacketType::binary_ack;
    const auto head = prefix(type, attachments.size(), nsp, id) + "[";
    return finish(http::text_frame(head, args_json, "]"), std::move(attachments));
}

EncodedPacket encode_connect(std::string_view nsp, std::string_view sid) {
    auto text = prefix(PacketType::connect, 0, nsp, std::nullopt);
    return finish(http::text_frame(text.append(R"({"sid":")").append(sid).append(R"("})")));
}

EncodedPacket encode_connect_error(std::string_view nsp, std::string_view message, const json::value& data) {
    json::object body{{"message", json::string_view(message.data(), message.size())}};
    if (!data.is_null()) body["data"] = data;
    return finish(
        http::text_frame(prefix(PacketType::connect_error, 0, nsp, std::nullopt), json::serialize(body)));
}

EncodedPacket encode_disconnect(std::string_view nsp) {
    return finish(http::text_frame(prefix(PacketType::disconnect, 0, nsp, std::nullopt)));
}

}  // namespace warren::socketio
