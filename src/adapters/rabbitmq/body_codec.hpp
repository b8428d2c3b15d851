#pragma once
#include <string>
#include <string_view>
#include <variant>

#include "ports/message_bus.hpp"

namespace warren::rabbitmq {

/// What one AMQP message carries.
using Body = std::variant<BusMessage, ControlMessage>;

/// Longer bodies are neither sent nor read; an entry that changes kMembersMax members fits.
inline constexpr std::size_t kBodyBytesMax = 1 << 20;

/// The bytes of a message: a version byte, a byte for the kind, and the fields: entries as model/entry_codec
/// writes them, the others as ids and big-endian numbers one after the other. @see docs/decisions/0012
std::string encode(const BusMessage& message);
std::string encode(const ControlMessage& message);
/// Takes any bytes. @errors invalid (a newer version, an unknown kind, a wrong length, a damaged entry)
Result<Body> decode(std::string_view bytes);

}  // namespace warren::rabbitmq
