#include "http/handshake.hpp"

#include <openssl/sha.h>

#include "http/base64.hpp"

namespace warren::http {
namespace {

bool has_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        auto one = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t'))
            one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t'))
            one.remove_suffix(1);
        if (one.size() != token.size()) continue;
        bool same = true;
        for (std::size_t i = 0; i < one.size(); ++i)
            same = same && (one[i] | 0x20) == token[i];
        if (same) return true;
    }
    return false;
}

std::string accept_key(std::string_view key) {
    const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    return base64({reinterpret_cast<const char*>(digest), sizeof digest});
}

}  // namespace

bool is_upgrade(const Request& request) {
    return has_token(request.header("upgrade"), "websocket") &&
           has_token(request.header("connection"), "upgrade");
}

std::optional<Response> check_upgrade(const Request& request) {
    const auto key = base64_decode(request.header("sec-websocket-key"));
    if (request.method != Method::get || !request.body.empty() || !key || key->size() != 16) {
        return Response::text(400, "Bad WebSocket handshake\n");
    }
    if (request.header("sec-websocket-version") != "13") {
        return Response::text(426, "Unsupported WebSocket version\n").header("Sec-WebSocket-Version", "13");
    }
    return std::nullopt;
}

std::string accept_upgrade(const Request& request) {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
           "Upgrade\r\nSec-WebSocket-Accept: " +
           accept_key(request.header("sec-websocket-key")) + "\r\n\r\n";
}

}  // namespace warren::http
