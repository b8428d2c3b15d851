// A message from the broker: what is accepted encodes to something that is accepted again, and then to the
// same.
#include "adapters/rabbitmq/body_codec.hpp"
#include "fuzz/target.hpp"

namespace {

std::string encode_again(const warren::rabbitmq::Body& body) {
    return std::visit([](const auto& message) { return warren::rabbitmq::encode(message); }, body);
}

}  // namespace

WARREN_FUZZ_TARGET(bus_body) {
    const auto body = warren::rabbitmq::decode(input);
    if (!body) return;
    const auto bytes = encode_again(*body);
    const auto again = warren::rabbitmq::decode(bytes);
    warren::fuzz::require(again.has_value(), "an encoded message is refused");
    warren::fuzz::require(encode_again(*again) == bytes, "an encoded message differs");
}
