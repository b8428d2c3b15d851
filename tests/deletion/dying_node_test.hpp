// Long because a whole node and stores that die on demand are of use nowhere else.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <random>

#include "adapters/local_bus/local_bus.hpp"
#include "adapters/sqlite/block_store.hpp"
#include "adapters/sqlite/channel_store.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "adapters/sqlite/member_store.hpp"
#include "adapters/sqlite/user_store.hpp"
#include "base/log.hpp"
#include "gateway/encode.hpp"
#include "ports/system_clock.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/map_cache.hpp"

namespace warren::testing {

using namespace std::chrono_literals;

/// The writes of a deletion, then those of a retention, each in order.
enum class Step { note, insert, blank, forget, raise_start, remove_bucket, note_removed };
struct Crash {
    Step step;
    bool before;  ///< The write, or after it.
};

/// Runs `writing`, and ends the process before or after it, as kill -9 does, where `crash` says so.
inline Task<Result<void>> die_around(const std::optional<Crash>& crash, Step step,
                                     Task<Result<void>> writing) {
    const bool is_it = crash && crash->step == step;
    if (is_it && crash->before) ::kill(::getpid(), SIGKILL);
    auto written = co_await std::move(writing);
    if (is_it) ::kill(::getpid(), SIGKILL);
    co_return written;
}

class DyingStore final : public EntryStore {
public:
    DyingStore(EntryStore& store, std::optional<Crash> crash) : store_(store), crash_(crash) {}

    Task<Result<EntryPtr>> head(ChannelId channel, Deadline by) override { return store_.head(channel, by); }
    Task<Result<std::vector<EntryPtr>>> heads(std::vector<ChannelId> ids, Deadline by) override {
        return store_.heads(std::move(ids), by);
    }
    Task<Result<std::vector<EntryPtr>>> find_nonces(ChannelId channel, std::vector<NonceKey> keys,
                                                    Deadline by) override {
        return store_.find_nonces(channel, std::move(keys), by);
    }
    Task<Result<std::vector<EntryPtr>>> range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                              Deadline by) override {
        return store_.range(channel, from, to, limit, by);
    }
    Task<Result<std::vector<EntryPtr>>> targeting(ChannelId channel, Bucket bucket, Seq after,
                                                  Deadline by) override {
        return store_.targeting(channel, bucket, after, by);
    }
    Task<Result<std::vector<EntryPtr>>> at(std::vector<Place> places, Deadline by) override {
        return store_.at(std::move(places), by);
    }
    Task<Result<std::vector<Blanking>>> blankings(WallTime before, std::size_t limit, Deadline by) override {
        return store_.blankings(before, limit, by);
    }
    Task<Result<Hits>> search(std::vector<ChannelId> channels, words::Needles needles,
                              std::optional<Hit> before, std::size_t limit, Deadline by) override {
        return store_.search(std::move(channels), std::move(needles), before, limit, by);
    }
    Task<Result<void>> remove_bucket(ChannelId channel, Bucket bucket, Deadline by) override {
        return around(Step::remove_bucket, store_.remove_bucket(channel, bucket, by));
    }
    Task<Result<void>> insert(std::vector<EntryPtr> run, Unless unless, Deadline by) override {
        return around(Step::insert, store_.insert(std::move(run), std::move(unless), by));
    }
    Task<Result<void>> note_blankings(std::vector<Blanking> notes, Deadline by) override {
        return around(Step::note, store_.note_blankings(std::move(notes), by));
    }
    Task<Result<void>> blank(std::vector<EntryPtr> entries, Deadline by) override {
        return around(Step::blank, store_.blank(std::move(entries), by));
    }
    Task<Result<void>> forget_blanking(EntryId id, Deadline by) override {
        return around(Step::forget, store_.forget_blanking(id, by));
    }

private:
    Task<Result<void>> around(Step step, Task<Result<void>> writing) {
        return die_around(crash_, step, std::move(writing));
    }

    EntryStore& store_;
    std::optional<Crash> crash_;
};

class DyingChannels final : public ChannelStore {
public:
    DyingChannels(ChannelStore& store, std::optional<Crash> crash) : store_(store), crash_(crash) {}

    Task<Result<ChannelId>> claim_origin(std::string origin, ChannelId mine, Deadline by) override {
        return store_.claim_origin(std::move(origin), mine, by);
    }
    Task<Result<void>> put_channel(Channel channel, Deadline by) override {
        return store_.put_channel(std::move(channel), by);
    }
    Task<Result<void>> raise_start(ChannelId channel, LogStart start, Deadline by) override {
        const bool all_removed = start.removed_before == start.first_seq;
        return die_around(crash_, all_removed ? Step::note_removed : Step::raise_start,
                          store_.raise_start(channel, start, by));
    }
    Task<Result<void>> set_retention(ChannelId channel, std::optional<RetentionPolicy> retention,
                                     Deadline by) override {
        return store_.set_retention(channel, retention, by);
    }
    Task<Result<std::vector<Channel>>> list(ChannelId after, std::size_t limit, Deadline by) override {
        return store_.list(after, limit, by);
    }
    Task<Result<std::vector<Channel>>> channels(std::vector<ChannelId> ids, Deadline by) override {
        return store_.channels(std::move(ids), by);
    }
    Task<Result<void>> merge_members(std::vector<MemberRow> rows, Deadline by) override {
        return store_.merge_members(std::move(rows), by);
    }
    Task<Result<std::vector<MemberRow>>> members(ChannelId channel, Seq at, UserId after, std::size_t limit,
                                                 Deadline by) override {
        return store_.members(channel, at, after, limit, by);
    }
    Task<Result<std::vector<MemberRow>>> stays_of(UserId user, Deadline by) override {
        return store_.stays_of(user, by);
    }

private:
    ChannelStore& store_;
    std::optional<Crash> crash_;
};

class Listener final : public chat::Subscriber {
public:
    explicit Listener(UserId user) : user_(user) {}
    UserId user() const override { return user_; }
    void push(const chat::PushPtr& push) override { pushed.push_back(push->entry); }
    void notice(const chat::NoticePushPtr&) override {}
    void resync(const std::vector<std::pair<ChannelId, Seq>>&) override {}
    void reconnect() override {}
    void signed_out() override {}
    std::vector<EntryPtr> pushed;

private:
    UserId user_;
};

inline std::unique_ptr<adapters::sqlite::Database> open_database(const std::filesystem::path& folder) {
    adapters::sqlite::Options options;
    options.folder = folder;
    return adapters::sqlite::open(std::move(options)).value();
}

inline UserId person(std::uint8_t number) {
    UserId id;
    id.bytes[11] = number;
    return id;
}
inline const auto kAlice = person(1);

/// A whole node but for its sockets, on the caller's thread.
class Node {
public:
    explicit Node(const std::filesystem::path& folder, std::optional<Crash> crash = std::nullopt,
                  chat::Limits limits = {})
        : database_(open_database(folder)),
          entries_(store_, crash),
          channels_(channel_store_, crash),
          limits_(limits) {
        chat_.start();
    }
    ~Node() {
        wait(chat_.stop());
        io_.stop();
    }

    template <class T>
    T wait(Task<T> task) {
        auto done = asio::co_spawn(io_, std::move(task), asio::use_future);
        while (done.wait_for(0s) != std::future_status::ready)
            io_.run_one_for(100ms);
        return done.get();
    }
    Deadline soon() { return clock_.in(20s); }
    chat::Chat& chat() { return chat_; }
    void make_person() {
        Account account;
        account.user.id = kAlice;
        account.user.name = "Alice";
        account.user.email = "alice@example.org";
        account.user.phone = "1234567890";
        ASSERT_TRUE(wait(users_.create(account, soon())));
    }
    Seq say(ChannelId channel, std::string text) {
        chat::MessageDraft draft;
        draft.body.text = std::move(text);
        return wait(chat_.send_message(kAlice, channel, std::move(draft), soon())).value()->seq;
    }
    Result<EntryPtr> remove(ChannelId channel, Seq seq) {
        return wait(chat_.delete_message(kAlice, channel, seq, "the delete", soon()));
    }
    /// Every answer that shows messages, as clients get them, and what is in the cache afterwards.
    std::string everything_shown(ChannelId channel) {
        std::string out;
        const auto head = wait(store_.head(channel, soon())).value()->seq;
        for (Seq after = 0; after < head;) {
            const chat::HistoryQuery query{chat::HistoryQuery::From::after, after, 100};
            const auto page = *wait(chat_.history(kAlice, channel, query, soon())).value();
            for (const auto& message : page.messages)
                out += gateway::message_json(message) + '\n';
            after = page.to;
        }
        const auto listener = std::make_shared<Listener>(kAlice);
        EXPECT_TRUE(wait(chat_.delivery().connect(listener, soon())));
        chat::EntryBytes bytes_of = gateway::entry_bytes;
        const auto answer = wait(chat_.sync(*listener, {{channel, 0}}, std::move(bytes_of), soon())).value();
        chat_.answered(*listener);
        for (const auto& entry : answer.channels.at(channel).entries)
            out += gateway::entry_json(*entry) + '\n';
        const auto pages = wait(chat_.all_channels(*listener, gateway::message_bytes, soon())).value();
        chat_.answered(*listener);
        chat_.delivery().disconnect(*listener);
        for (const auto& page : pages) {
            for (const auto& message : page.messages)
                out += gateway::message_json(message) + '\n';
        }
        for (const auto& line : wait(chat_.list_channels(kAlice, 10, std::nullopt, soon())).value().lines)
            out += line.newest ? gateway::message_json(*line.newest) : "";
        chat::SearchRequest request;
        request.query = "secret";
        const auto found = wait(chat_.search(kAlice, request, gateway::message_bytes, soon())).value();
        for (const auto& message : found.messages)
            out += gateway::message_json(message) + '\n';
        return out + cached();
    }
    std::string cached() const {
        std::string out;
        for (const auto& [key, value] : cache_.map)
            out += *value;
        return out;
    }
    Channel document(ChannelId channel) {
        return wait(channel_store_.channels({channel}, soon())).value().front();
    }
    void set_retention(ChannelId channel, RetentionPolicy policy) {
        ASSERT_TRUE(wait(channels_.set_retention(channel, policy, soon())));
    }
    /// Runs until the entries before `seq` are removed, and it is noted that they are.
    bool removes_before(ChannelId channel, Seq seq) {
        const auto until = clock_.now() + 20s;
        while (document(channel).start.removed_before < seq && clock_.now() < until)
            io_.run_one_for(1ms);
        return document(channel).start.removed_before == seq;
    }
    /// Another node's entry, of which this one was not told.
    void store_elsewhere(ChannelId channel, EntryBody body) {
        const auto head = wait(store_.head(channel, soon())).value();
        Entry entry = *head;
        entry.seq = head->seq + 1;
        entry.id = ids_.make<EntryId>(clock_.wall());
        entry.nonce = entry.id.hex();
        entry.body = std::move(body);
        entry.count += entry.is_message() ? 1 : 0;
        entry.message_seq = entry.is_message() ? entry.seq : head->message_seq;
        std::vector<EntryPtr> run{std::make_shared<const Entry>(std::move(entry))};
        ASSERT_TRUE(wait(store_.insert(std::move(run), {}, soon())));
    }
    bool has_delete_of(ChannelId channel, Seq seq) {
        const auto found = wait(store_.targeting(channel, bucket_of(seq), seq, soon())).value();
        const auto deletes = [](const EntryPtr& entry) { return entry->kind() == EntryKind::remove; };
        return std::any_of(found.begin(), found.end(), deletes);
    }
    std::size_t notes() { return wait(store_.blankings(clock_.wall() + 1h, 10, soon())).value().size(); }

private:
    asio::io_context io_{1};
    std::unique_ptr<adapters::sqlite::Database> database_;
    adapters::sqlite::EntryStore store_{*database_};
    adapters::sqlite::ChannelStore channel_store_{*database_};
    adapters::sqlite::MemberStore members_{*database_};
    adapters::sqlite::UserStore users_{*database_};
    adapters::sqlite::BlockStore blocks_{*database_};
    DyingStore entries_;
    DyingChannels channels_;
    LocalBus bus_;
    SystemClock clock_;
    IdMaker ids_{std::random_device{}(), std::random_device{}()};
    Metrics metrics_;
    MapCache cache_;
    chat::Limits limits_;
    chat::Chat chat_{io_.get_executor(),
                     {.entries = entries_,
                      .channels = channels_,
                      .members = members_,
                      .users = users_,
                      .blocks = blocks_,
                      .bus = bus_,
                      .clock = clock_,
                      .ids = ids_,
                      .metrics = metrics_,
                      .node = {},
                      .limits = limits_,
                      .cache = &cache_}};
};

inline bool is_in_a_file(const std::filesystem::path& folder, const std::string& text) {
    for (const auto& each : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(each.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(in), {});
        if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
}

}  // namespace warren::testing
