// Targets, queries, cookies and the other fields that we take apart ourselves.
#include "fuzz/target.hpp"
#include "http/gzip.hpp"
#include "http/handshake.hpp"
#include "http/message.hpp"

using namespace warren;

WARREN_FUZZ_TARGET(url) {
    const auto decoded = http::percent_decode(input, true);
    fuzz::require(!decoded || decoded->size() <= input.size(), "decoding grows");
    http::query_value(input, "sid");
    http::Request request;
    for (const auto name : {"cookie", "accept-encoding", "upgrade", "connection", "sec-websocket-key"}) {
        request.headers.add(name, input);
    }
    request.cookie("token");
    http::accepts_gzip(request);
    http::is_upgrade(request);
    http::check_upgrade(request);
}
