// The log: folding a page, encoding a push, and appending to SQLite with fsync, alone and in groups.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "base/log.hpp"
#include "chat/fold.hpp"
#include "gateway/encode.hpp"
#include "model/entry_codec.hpp"
#include "ports/system_clock.hpp"

namespace {

using namespace warren;

IdMaker ids{42};

EntryPtr make_message(ChannelId channel, Seq seq, UserId sender, std::size_t bytes) {
    Entry entry;
    const WallTime now = std::chrono::floor<WallTime::duration>(std::chrono::system_clock::now());
    entry.channel = channel;
    entry.seq = seq;
    entry.id = ids.make<EntryId>(now);
    entry.sender = sender;
    entry.nonce = entry.id.hex();
    entry.at = now;
    entry.count = seq;
    entry.message_seq = seq;
    entry.state_seq = 1;
    MessageBody body;
    body.text = std::string(bytes, 'x');
    entry.body = std::move(body);
    return std::make_shared<const Entry>(std::move(entry));
}

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

/// `range(0)` channels each append one entry at once; the group commit makes one transaction of what waits.
void append_to_sqlite(benchmark::State& state) {
    namespace sqlite = adapters::sqlite;
    log::configure(log::Level::warn, log::Format::text);
    const auto folder =
        std::filesystem::temp_directory_path() / ("warren-bench-" + std::to_string(::getpid()));
    {
        sqlite::Options options;
        options.folder = folder;
        const auto database = sqlite::open(options).value();
        sqlite::EntryStore store(*database);
        SystemClock clock;
        asio::io_context io(1);
        const auto sender = ids.make<UserId>(WallTime{});
        std::vector<ChannelId> channels;
        for (int i = 0; i < state.range(0); ++i)
            channels.push_back(ids.make<ChannelId>(WallTime{}));
        Seq seq = 0;
        for (auto _ : state) {
            ++seq;
            for (const auto channel : channels) {
                auto keep = [&](std::exception_ptr, Result<void> result) {
                    if (!result) state.SkipWithError("an append failed");
                };
                auto inserting = store.insert({make_message(channel, seq, sender, 200)},
                                              clock.in(std::chrono::seconds{10}));
                asio::co_spawn(io, std::move(inserting), keep);
            }
            io.restart();
            io.run();
        }
        state.SetItemsProcessed(state.iterations() * state.range(0));
    }
    std::filesystem::remove_all(folder);
}
BENCHMARK(append_to_sqlite)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

}  // namespace
