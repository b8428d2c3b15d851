// An Engine.IO payload, as a POST brings it, and the sid of its query.
#include "engineio/payload.hpp"
#include "engineio/sid.hpp"
#include "fuzz/target.hpp"
#include "http/base64.hpp"

namespace {

using namespace warren;

}  // namespace

WARREN_FUZZ_TARGET(payload) {
    std::size_t bytes = 0;
    engineio::for_each_packet(input, [&](std::string_view text) {
        bytes += text.size() + 1;
        const auto packet = engineio::parse_text_packet(text);
        if (packet && packet->binary) {
            fuzz::require(http::base64_decode(http::base64(packet->decoded)) == packet->decoded, "base64");
        }
        return packet.has_value();
    });
    fuzz::require(bytes <= input.size() + 1, "packets overlap");
    if (const auto sid = engineio::parse_sid(input))
        fuzz::require(sid->text() == input, "two texts of one sid");
}
