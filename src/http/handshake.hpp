#pragma once
#include <optional>
#include <string>

#include "http/message.hpp"

namespace warren::http {

/// Whether the request asks for a WebSocket.
bool is_upgrade(const Request& request);
/// What is wrong with the handshake, if anything (400, or 426 for another version). @see RFC 6455 4.2.1
std::optional<Response> check_upgrade(const Request& request);
/// The bytes that accept it.
std::string accept_upgrade(const Request& request);

}  // namespace warren::http
