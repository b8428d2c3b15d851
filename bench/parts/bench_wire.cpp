// The frames and packets: what each message costs before and after a socket has it.
#include <benchmark/benchmark.h>

#include "http/frame.hpp"
#include "socketio/packet.hpp"

namespace {

using namespace warren;

void make_frame(benchmark::State& state) {
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state)
        benchmark::DoNotOptimize(http::text_frame("4", payload));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(make_frame)->Arg(100)->Arg(16'000);

void encode_event(benchmark::State& state) {
    const auto args = "\"" + std::string(static_cast<std::size_t>(state.range(0)), 'x') + "\"";
    for (auto _ : state)
        benchmark::DoNotOptimize(socketio::encode_event("/", "event", args));
}
BENCHMARK(encode_event)->Arg(100)->Arg(16'000);

void parse_packet(benchmark::State& state) {
    const auto text = R"(212["message:new",{"channelId":"0123456789abcdef01234567","message":")" +
                      std::string(static_cast<std::size_t>(state.range(0)), 'x') + R"("}])";
    const socketio::PacketLimits limits;
    for (auto _ : state)
        benchmark::DoNotOptimize(socketio::parse_packet(text, limits));
}
BENCHMARK(parse_packet)->Arg(100)->Arg(16'000);

struct Sink : http::FrameSink {
    void on_frame_message(bool, std::string_view payload) override { bytes += payload.size(); }
    void on_frame_ping(std::string_view) override {}
    void on_frame_close(std::uint16_t, std::string_view) override {}
    bool wants_frames() const override { return true; }
    std::size_t bytes = 0;
};

void read_frames(benchmark::State& state) {
    std::string one{'\x81', static_cast<char>(0x80 | 100)};
    one.append("\x01\x02\x03\x04").append(100, 'x');
    // Read what unmasking makes ASCII again in every round: the mask twice is the text itself.
    std::string bytes;
    for (std::size_t i = 6; i < one.size(); ++i)
        one[i] = static_cast<char>(one[i] ^ one[2 + (i - 6) % 4]);
    for (int i = 0; i < state.range(0); ++i)
        bytes += one;
    Sink sink;
    http::FrameParser parser(1'000'000);
    for (auto _ : state) {
        auto copy = bytes;
        if (parser.feed(copy, sink) != 0) state.SkipWithError("the frames are refused");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read_frames)->Arg(1)->Arg(100);

}  // namespace
