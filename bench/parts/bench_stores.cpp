// The store adapters: appending, alone and in groups, and reading a page of a long history. SQLite
// acknowledges after its fsync, the MongoDB-protocol server after its journal.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "adapters/mongo/database.hpp"
#include "adapters/mongo/entry_store.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "base/log.hpp"
#include "bench/parts/message.hpp"
#include "ports/system_clock.hpp"
#include "tests/support/real_server.hpp"
#include "tests/support/run_task.hpp"

namespace {

using namespace warren;
namespace sqlite = adapters::sqlite;
namespace mongo = adapters::mongo;
using bench::ids;
using bench::make_message;
using warren::testing::run_task;
using warren::testing::run_tasks;

constexpr Seq kHistory = 10'000;
constexpr Seq kPage = 100;

Deadline soon() {
    return SystemClock().in(std::chrono::seconds{30});
}

class Sqlite {
public:
    Sqlite() : database_(open(folder_.path())) {}
    EntryStore& entries() { return entries_; }

private:
    static std::unique_ptr<sqlite::Database> open(const std::filesystem::path& folder) {
        sqlite::Options options;
        options.folder = folder;
        return sqlite::open(std::move(options)).value();
    }
    warren::testing::TemporaryFolder folder_;
    std::unique_ptr<sqlite::Database> database_;
    sqlite::EntryStore entries_{*database_};
};

/// On the program's one server, in a database of its own.
class Mongo {
public:
    Mongo() : database_(prepared()) {}
    EntryStore& entries() { return entries_; }

private:
    static std::unique_ptr<mongo::Database> prepared() {
        if (const auto why = warren::testing::RealServer::missing(warren::testing::ServerKind::mongodb))
            throw std::runtime_error(*why);
        mongo::Options options;
        options.url = warren::testing::RealServer::mongodb().url();
        options.database = warren::testing::unique_name("warren_bench");
        auto database = mongo::connect(options).value();
        run_task(database->prepare(soon())).value();
        return database;
    }
    std::unique_ptr<mongo::Database> database_;
    mongo::EntryStore entries_{*database_};
};

/// `range(0)` channels each append one entry at once.
template <class Store>
void append(benchmark::State& state) {
    log::configure(log::Level::warn, log::Format::text);
    Store store;
    const auto sender = ids.make<UserId>(WallTime{});
    std::vector<ChannelId> channels;
    for (int i = 0; i < state.range(0); ++i)
        channels.push_back(ids.make<ChannelId>(WallTime{}));
    Seq seq = 0;
    for (auto _ : state) {
        ++seq;
        std::vector<Task<Result<void>>> appends;
        for (const auto channel : channels)
            appends.push_back(store.entries().insert({make_message(channel, seq, sender, 200)}, {}, soon()));
        for (const auto& appended : run_tasks(std::move(appends)))
            if (!appended) state.SkipWithError("an append failed");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append<Sqlite>)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(append<Mongo>)->Arg(1)->Arg(10)->Arg(100)->UseRealTime();

/// A page somewhere in a history of kHistory messages.
template <class Store>
void read_page(benchmark::State& state) {
    log::configure(log::Level::warn, log::Format::text);
    Store store;
    const auto channel = ids.make<ChannelId>(WallTime{});
    const auto sender = ids.make<UserId>(WallTime{});
    for (Seq first = 1; first <= kHistory; first += kPage) {
        std::vector<EntryPtr> run;
        for (Seq seq = first; seq < first + kPage; ++seq)
            run.push_back(make_message(channel, seq, sender, 200));
        run_task(store.entries().insert(std::move(run), {}, soon())).value();
    }
    Seq from = 1;
    for (auto _ : state) {
        from = (from + 7 * kPage) % (kHistory - kPage) + 1;
        const auto page = run_task(store.entries().range(channel, from, from + kPage - 1, kPage, soon()));
        if (!page || page->size() != kPage) state.SkipWithError("a page was not whole");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_page<Sqlite>)->UseRealTime();
BENCHMARK(read_page<Mongo>)->UseRealTime();

}  // namespace
