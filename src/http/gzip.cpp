#include "http/gzip.hpp"

#include <zlib.h>

#include <stdexcept>

namespace warren::http {

std::string gzip(std::string_view bytes, int level) {
    z_stream stream{};
    constexpr int kGzipWindow = 15 + 16;
    if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("deflateInit2 failed");
    }
    std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int state = deflate(&stream, Z_FINISH);
    const auto made = stream.total_out;
    deflateEnd(&stream);
    if (state != Z_STREAM_END) throw std::runtime_error("deflate failed");
    out.resize(made);
    return out;
}

bool accepts_gzip(const Request& request) {
    auto rest = request.header("accept-encoding");
    while (!rest.empty()) {
        const auto end = rest.find(',');
        auto one = rest.substr(0, end);
        rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
        const auto semicolon = std::min(one.find(';'), one.size());
        auto name = one.substr(0, semicolon);
        const auto parameters = one.substr(semicolon);
        while (!name.empty() && name.front() == ' ')
            name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ')
            name.remove_suffix(1);
        if (name != "gzip" && name != "*") continue;
        const auto q = parameters.find("q=0");
        // q=0, q=0.0 and so on refuse; q=0.5 does not.
        return q == parameters.npos || parameters.find_first_of("123456789", q + 3) != parameters.npos;
    }
    return false;
}

}  // namespace warren::http
