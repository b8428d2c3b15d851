// What finding messages by their words costs: storing a message with and without words, and searching logs of
// several lengths for a word that one message has, and for one that every second has.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>

#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "base/log.hpp"
#include "ports/system_clock.hpp"

namespace {

using namespace warren;
namespace sqlite = adapters::sqlite;

constexpr std::size_t kTextBytes = 200;
constexpr Seq kRun = 64;

/// Text of about the shape of what people write: few words make most of it, and most words are seldom.
class Writing {
public:
    std::string text() {
        std::string out;
        while (out.size() < kTextBytes)
            out += word() + ' ';
        out.resize(kTextBytes);
        return out;
    }

private:
    /// Word number N comes about every N-th time.
    std::string word() {
        const auto rank = static_cast<std::uint64_t>(std::pow(30'000.0, unit_(random_)));
        std::string out;
        for (auto rest = rank * 2'654'435'761U % 11'881'376 + 26; rest > 0; rest /= 26)
            out += static_cast<char>('a' + rest % 26);
        return out;
    }

    std::mt19937_64 random_{7};
    std::uniform_real_distribution<double> unit_{0, 1};
};

/// A store in a folder of its own.
class Store {
public:
    Store() {
        log::configure(log::Level::warn, log::Format::text);
        sqlite::Options options;
        options.folder = folder_;
        database_ = sqlite::open(options).value();
        entries_.emplace(*database_);
    }
    ~Store() {
        database_.reset();
        std::filesystem::remove_all(folder_);
    }

    EntryPtr message(ChannelId channel, Seq seq, std::string text) {
        Entry entry;
        entry.channel = channel;
        entry.seq = seq;
        entry.at = WallTime(std::chrono::milliseconds(1'764'000'000'000 + static_cast<std::int64_t>(seq)));
        entry.id = ids_.make<EntryId>(entry.at);
        entry.sender = sender_;
        entry.nonce = entry.id.hex();
        entry.count = entry.message_seq = seq;
        entry.state_seq = 1;
        MessageBody body;
        body.text = std::move(text);
        entry.body = std::move(body);
        return std::make_shared<const Entry>(std::move(entry));
    }
    ChannelId channel() { return ids_.make<ChannelId>(WallTime{}); }

    template <class T>
    T wait(Task<Result<T>> task) {
        io_.restart();
        auto done = asio::co_spawn(io_, std::move(task), asio::use_future);
        io_.run();
        if constexpr (std::is_void_v<T>) {
            done.get().value();
        } else {
            return done.get().value();
        }
    }
    void insert_all(std::vector<std::vector<EntryPtr>> runs) {
        io_.restart();
        for (auto& run : runs) {
            auto keep = [](std::exception_ptr, Result<void> result) { result.value(); };
            asio::co_spawn(io_, entries_->insert(std::move(run), {}, soon()), keep);
        }
        io_.run();
    }
    sqlite::EntryStore& entries() { return *entries_; }
    Deadline soon() { return clock_.in(std::chrono::minutes{10}); }

private:
    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("warren-bench-words-" + std::to_string(::getpid()));
    std::unique_ptr<sqlite::Database> database_;
    std::optional<sqlite::EntryStore> entries_;
    IdMaker ids_{42};
    UserId sender_ = ids_.make<UserId>(WallTime{});
    SystemClock clock_;
    asio::io_context io_{1};
};

/// 1000 channels each get a message in one transaction; the whole process' processor time is counted.
void insert_messages(benchmark::State& state, bool with_words) {
    Store store;
    Writing writing;
    std::vector<ChannelId> channels;
    for (int i = 0; i < 1'000; ++i)
        channels.push_back(store.channel());
    Seq seq = 0;
    for (auto _ : state) {
        state.PauseTiming();
        ++seq;
        std::vector<std::vector<EntryPtr>> runs;
        for (const auto channel : channels) {
            auto text = with_words ? writing.text() : std::string(kTextBytes, '.');
            runs.push_back({store.message(channel, seq, std::move(text))});
        }
        state.ResumeTiming();
        store.insert_all(std::move(runs));
    }
    state.SetItemsProcessed(state.iterations() * 1'000);
}
BENCHMARK_CAPTURE(insert_messages, with_words, true)
    ->Iterations(256)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(insert_messages, without, false)
    ->Iterations(256)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// Made once for each length: filling takes longer than searching.
struct Filled {
    explicit Filled(Seq length) : channel(store.channel()) {
        Writing writing;
        std::vector<std::vector<EntryPtr>> runs;
        for (Seq seq = 1; seq <= length; ++seq) {
            auto text = writing.text();
            if (seq == 1) text += " quixotically";
            if (seq % 2 == 0) text += " everybody";
            if (seq % kRun == 1) runs.emplace_back();
            runs.back().push_back(store.message(channel, seq, std::move(text)));
            if (seq % (100 * kRun) == 0 || seq == length) store.insert_all(std::exchange(runs, {}));
        }
    }
    Store store;
    ChannelId channel;
};
/// One at a time: the folders have the same name. Emptied by `main`, while what the store stands on is there.
std::map<Seq, Filled>& kept() {
    static std::map<Seq, Filled> logs;
    return logs;
}
Filled& filled(Seq length) {
    if (!kept().contains(length)) kept().clear();
    return kept().try_emplace(length, length).first->second;
}

/// All pages, or the first one. `calls` is how many times the store was asked for that.
void search(benchmark::State& state, const std::string& word, bool all) {
    auto& log = filled(static_cast<Seq>(state.range(0)));
    std::size_t calls = 0;
    std::size_t found = 0;
    for (auto _ : state) {
        std::optional<Hit> before;
        do {
            const words::Needles needles{{word}, ""};
            const auto page = log.store.wait(
                log.store.entries().search({log.channel}, needles, before, 20, log.store.soon()));
            found += page.hits.size();
            before = page.more;
            ++calls;
        } while (all && before);
    }
    if (found == 0) state.SkipWithError("nothing was found");
    state.counters["calls"] =
        benchmark::Counter(static_cast<double>(calls), benchmark::Counter::kAvgIterations);
}
void search_rare_word(benchmark::State& state) {
    search(state, "quixotically", true);
}
void search_common_word(benchmark::State& state) {
    search(state, "everybody", false);
}
void register_searches() {
    for (const std::int64_t length : {1'000, 100'000, 1'000'000}) {
        for (auto* each : {benchmark::RegisterBenchmark("search_rare_word", search_rare_word),
                           benchmark::RegisterBenchmark("search_common_word", search_common_word)}) {
            each->Arg(length)->UseRealTime()->Unit(benchmark::kMillisecond);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    register_searches();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    kept().clear();
}
