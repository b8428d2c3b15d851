// Delivery: an entry of another node to the local members of its group, up to the gateway.
#include <benchmark/benchmark.h>

#include "base/log.hpp"
#include "bench/group.hpp"

namespace {

using namespace warren;

void deliver(benchmark::State& state) {
    log::configure(log::Level::warn, log::Format::text);
    bench::Group group(static_cast<std::size_t>(state.range(0)));
    Entry entry = *group.say();
    const auto before = group.ears().back()->pushed;
    for (auto _ : state) {
        ++entry.seq;
        group.hear(std::make_shared<const Entry>(entry));
    }
    if (group.ears().back()->pushed - before != static_cast<std::size_t>(state.iterations()))
        state.SkipWithError("not everything was delivered");
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(deliver)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
