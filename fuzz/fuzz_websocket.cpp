// What a client sends after the WebSocket handshake: fed whole and in two pieces, which must say the same.
#include <vector>

#include "fuzz/target.hpp"
#include "http/frame.hpp"
#include "http/utf8.hpp"

namespace {

using namespace warren;

struct Record final : http::FrameSink {
    void on_frame_message(bool binary, std::string_view payload) override {
        fuzz::require(payload.size() <= 4096, "a message over the limit");
        fuzz::require(binary || http::is_utf8(payload), "text that is not UTF-8");
        said.push_back((binary ? "b" : "t") + std::string(payload));
    }
    void on_frame_ping(std::string_view payload) override { said.push_back("p" + std::string(payload)); }
    void on_frame_close(std::uint16_t code, std::string_view) override {
        said.push_back("c" + std::to_string(code));
        open = false;
    }
    bool wants_frames() const override { return open; }
    std::vector<std::string> said;
    bool open = true;
};

std::vector<std::string> read(std::string_view input, std::size_t cut) {
    Record record;
    http::FrameParser parser(4096);
    std::string first(input.substr(0, cut)), second(input.substr(cut));
    auto code = parser.feed(first, record);
    if (code == 0) code = parser.feed(second, record);
    record.said.push_back("=" + std::to_string(code));
    return record.said;
}

}  // namespace

WARREN_FUZZ_TARGET(websocket) {
    const auto whole = read(input, input.size());
    const auto step = input.size() / 64 + 1;
    for (std::size_t cut = 0; cut < input.size(); cut += step) {
        fuzz::require(read(input, cut) == whole, "the pieces matter");
    }
}
