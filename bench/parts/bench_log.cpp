// The log: folding a page and encoding a push.
#include <benchmark/benchmark.h>

#include "bench/parts/message.hpp"
#include "chat/fold.hpp"
#include "gateway/encode.hpp"

namespace {

using namespace warren;
using bench::ids;
using bench::make_message;

void fold_a_bucket(benchmark::State& state) {
    const auto channel = ids.make<ChannelId>(WallTime{});
    const auto sender = ids.make<UserId>(WallTime{});
    std::vector<EntryPtr> entries, targeting;
    for (Seq seq = 1; seq <= 128; ++seq)
        entries.push_back(make_message(channel, seq, sender, 200));
    for (Seq i = 0; i < static_cast<Seq>(state.range(0)); ++i) {
        auto entry = *make_message(channel, 129 + i, sender, 1);
        entry.body = ReactBody{1 + i % 128, "+1", true};
        targeting.push_back(std::make_shared<const Entry>(std::move(entry)));
    }
    for (auto _ : state)
        benchmark::DoNotOptimize(chat::fold(entries, targeting));
}
BENCHMARK(fold_a_bucket)->Arg(0)->Arg(128);

void encode_push(benchmark::State& state) {
    chat::Push push;
    push.entry = make_message(ids.make<ChannelId>(WallTime{}), 7, ids.make<UserId>(WallTime{}), 200);
    for (auto _ : state)
        benchmark::DoNotOptimize(gateway::push_json(push));
}
BENCHMARK(encode_push);

}  // namespace
