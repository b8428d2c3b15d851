// Long because the node under test and the store that dies on demand are of use nowhere else.
// A node is killed at each step of a deletion. Whatever it got done, afterwards the deleted text is in no
// file of the database, not in the cache and in no answer.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
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

namespace warren::testing {
namespace {

using namespace std::chrono_literals;

/// The writes of a deletion, in order.
enum class Step { note, insert, blank, forget };
struct Crash {
    Step step;
    bool before;  ///< The write, or after it.
};

/// Ends the process at `crash`, as kill -9 does.
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
    Task<Result<Seq>> first_seq(ChannelId channel, Deadline by) override {
        return store_.first_seq(channel, by);
    }
    Task<Result<void>> insert(std::vector<EntryPtr> run, Deadline by) override {
        return around(Step::insert, store_.insert(std::move(run), by));
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
        const bool is_it = crash_ && crash_->step == step;
        if (is_it && crash_->before) ::kill(::getpid(), SIGKILL);
        auto written = co_await std::move(writing);
        if (is_it) ::kill(::getpid(), SIGKILL);
        co_return written;
    }

    EntryStore& store_;
    std::optional<Crash> crash_;
};

/// A cache that can be searched.
class MapCache final : public Cache {
public:
    Task<std::shared_ptr<const std::string>> get(std::string key) override {
        const auto found = map.find(key);
        co_return found == map.end() ? nullptr : found->second;
    }
    Task<void> put(std::string key, std::shared_ptr<const std::string> value) override {
        map[key] = std::move(value);
        co_return;
    }
    Task<void> drop(std::string key) override {
        map.erase(key);
        co_return;
    }
    std::map<std::string, std::shared_ptr<const std::string>> map;
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

std::unique_ptr<adapters::sqlite::Database> open_database(const std::filesystem::path& folder) {
    adapters::sqlite::Options options;
    options.folder = folder;
    return adapters::sqlite::open(std::move(options)).value();
}

UserId person(std::uint8_t number) {
    UserId id;
    id.bytes[11] = number;
    return id;
}
const auto kAlice = person(1);

/// A whole node but for its sockets, on the caller's thread.
class Node {
public:
    explicit Node(const std::filesystem::path& folder, std::optional<Crash> crash = std::nullopt)
        : database_(open_database(folder)), entries(store_, crash) {
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
        for (const Seq after : {Seq{0}, Seq{100}}) {
            const chat::HistoryQuery query{chat::HistoryQuery::From::after, after, 100};
            const auto page = wait(chat_.history(kAlice, channel, query, soon())).value();
            for (const auto& message : page.messages)
                out += gateway::message_json(message) + '\n';
        }
        const auto listener = std::make_shared<Listener>(kAlice);
        EXPECT_TRUE(wait(chat_.delivery().connect(listener, soon())));
        chat::EntryBytes bytes_of = gateway::entry_bytes;
        const auto answer = wait(chat_.sync(*listener, {{channel, 0}}, std::move(bytes_of), soon())).value();
        chat_.answered(*listener);
        for (const auto& entry : answer.channels.at(channel).entries)
            out += gateway::entry_json(*entry) + '\n';
        chat_.delivery().disconnect(*listener);
        for (const auto& [key, value] : cache_.map)
            out += *value;
        return out;
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
        ASSERT_TRUE(wait(store_.insert(std::move(run), soon())));
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
    adapters::sqlite::ChannelStore channels_{*database_};
    adapters::sqlite::MemberStore members_{*database_};
    adapters::sqlite::UserStore users_{*database_};
    adapters::sqlite::BlockStore blocks_{*database_};

public:
    DyingStore entries;

private:
    LocalBus bus_;
    SystemClock clock_;
    IdMaker ids_{std::random_device{}(), std::random_device{}()};
    Metrics metrics_;
    MapCache cache_;
    chat::Chat chat_{io_.get_executor(),
                     {.entries = entries,
                      .channels = channels_,
                      .members = members_,
                      .users = users_,
                      .blocks = blocks_,
                      .bus = bus_,
                      .clock = clock_,
                      .ids = ids_,
                      .metrics = metrics_,
                      .node = {},
                      .limits = {},
                      .cache = &cache_}};
};

bool is_in_a_file(const std::filesystem::path& folder, const std::string& text) {
    for (const auto& each : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(each.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(in), {});
        if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
}

class Deletion : public ::testing::TestWithParam<Crash> {
protected:
    void SetUp() override {
        log::configure(log::Level::error, log::Format::text);
        Node node(folder());
        node.make_person();
        chat::GroupDraft draft;
        draft.name = "tea";
        channel_ = node.wait(node.chat().create_group(kAlice, std::move(draft), node.soon())).value().channel;
        message_ = node.say(channel_, "SECRET first");
        edit(node, "SECRET second");
        for (int i = 0; i < 140; ++i)
            node.say(channel_, "other");
        edit(node, "SECRET third");
        EXPECT_NE(node.everything_shown(channel_).find("SECRET third"), std::string::npos);
    }
    void edit(Node& node, std::string text) {
        ASSERT_TRUE(node.wait(
            node.chat().edit_message(kAlice, channel_, message_, std::move(text), {}, node.soon())));
    }
    std::filesystem::path folder() const { return folder_.path() / "data"; }

    TemporaryFolder folder_;
    ChannelId channel_;
    Seq message_ = 0;
};

TEST_F(Deletion, LeavesNothing) {
    Node node(folder());
    node.everything_shown(channel_);
    ASSERT_TRUE(node.remove(channel_, message_));
    EXPECT_FALSE(is_in_a_file(folder(), "SECRET"));
    EXPECT_EQ(node.everything_shown(channel_).find("SECRET"), std::string::npos);
    EXPECT_EQ(node.notes(), 0U);
}

TEST_F(Deletion, HidesWhatIsReadForConnectionsThatMissedIt) {
    // A message and its delete, by a node that died before it told anybody and before it blanked the text.
    Node node(folder());
    const auto listener = std::make_shared<Listener>(kAlice);
    ASSERT_TRUE(node.wait(node.chat().delivery().connect(listener, node.soon())));
    MessageBody body;
    body.text = "SECRET of the dead node";
    const Seq lost = node.say(channel_, "before") + 1;
    node.store_elsewhere(channel_, body);
    node.store_elsewhere(channel_, EditBody{lost, "SECRET edit", false});
    node.store_elsewhere(channel_, DeleteBody{lost});
    node.chat().delivery().on_message(HeadAnnounced{channel_, lost + 2});
    const auto until = std::chrono::steady_clock::now() + 20s;
    while ((listener->pushed.empty() || listener->pushed.back()->seq < lost + 2) &&
           std::chrono::steady_clock::now() < until)
        node.notes();
    std::string shown;
    for (const auto& entry : listener->pushed)
        shown += gateway::entry_json(*entry) + '\n';
    EXPECT_NE(shown.find("\"kind\":\"delete\""), std::string::npos) << shown;
    EXPECT_EQ(shown.find("SECRET"), std::string::npos) << shown;
    EXPECT_EQ(node.everything_shown(channel_).find("SECRET of"), std::string::npos);
}

TEST_P(Deletion, OfADeadNodeIsFinished) {
    const auto dying = ::fork();
    ASSERT_GE(dying, 0);
    if (dying == 0) {
        Node node(folder(), GetParam());
        node.everything_shown(channel_);
        (void)node.remove(channel_, message_);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(dying, &status, 0), dying);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it was to die";

    Node node(folder());
    if (node.has_delete_of(channel_, message_)) {
        EXPECT_EQ(node.everything_shown(channel_).find("SECRET"), std::string::npos);
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (node.notes() > 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(1ms);
        EXPECT_FALSE(is_in_a_file(folder(), "SECRET")) << "though nobody asked again";
    } else {
        EXPECT_NE(node.everything_shown(channel_).find("SECRET"), std::string::npos);
    }
    ASSERT_TRUE(node.remove(channel_, message_)) << "again, under the same nonce";
    EXPECT_FALSE(is_in_a_file(folder(), "SECRET"));
    EXPECT_EQ(node.everything_shown(channel_).find("SECRET"), std::string::npos);
}

std::string name_of(const ::testing::TestParamInfo<Crash>& info) {
    constexpr std::array kNames{"note", "insert", "blank", "forget"};
    const std::string name = kNames.at(static_cast<std::size_t>(info.param.step));
    return (info.param.before ? "before_" : "after_") + name;
}
INSTANTIATE_TEST_SUITE_P(Killed, Deletion,
                         ::testing::Values(Crash{Step::note, true}, Crash{Step::note, false},
                                           Crash{Step::insert, true}, Crash{Step::insert, false},
                                           Crash{Step::blank, true}, Crash{Step::blank, false},
                                           Crash{Step::forget, true}, Crash{Step::forget, false}),
                         name_of);

}  // namespace
}  // namespace warren::testing
