// What a message costs in calls of the store, of the bus, in encodings and in allocations, whatever the
// group's size.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <filesystem>
#include <unordered_set>

#include "adapters/local_bus/local_bus.hpp"
#include "adapters/sqlite/block_store.hpp"
#include "adapters/sqlite/channel_store.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "adapters/sqlite/member_store.hpp"
#include "adapters/sqlite/user_store.hpp"
#include "base/log.hpp"
#include "bench/budget/allocations.hpp"
#include "chat/chat.hpp"
#include "ports/system_clock.hpp"
#include "tests/support/counted.hpp"

namespace warren::bench {
namespace {

namespace sqlite = adapters::sqlite;
using testing::CountedBus;
using testing::CountedEntries;

/// A connection that only counts: what it is pushed, and how many different things, each of which the gateway
/// would encode once.
struct Ear final : chat::Subscriber {
    explicit Ear(UserId u) : user_(u) {}
    UserId user() const override { return user_; }
    void push(const chat::PushPtr& push) override {
        ++pushed;
        last = push;
    }
    void notice(const chat::NoticePushPtr&) override { ADD_FAILURE() << "notice"; }
    void resync(const std::vector<std::pair<ChannelId, Seq>>&) override { ADD_FAILURE() << "resync"; }
    void reconnect() override { ADD_FAILURE() << "reconnect"; }
    void signed_out() override { ADD_FAILURE() << "signed out"; }
    UserId user_;
    std::size_t pushed = 0;
    chat::PushPtr last;
};

/// What one message cost.
struct Cost {
    std::size_t inserts = 0, reads = 0, encodings = 0;
    int publishes = 0;
    std::uint64_t allocations = 0;
};

/// One group over SQLite, everybody connected.
class Group {
public:
    explicit Group(std::size_t members)
        : folder_(std::filesystem::temp_directory_path() /
                  ("warren-budget-" + std::to_string(::getpid()) + "-" + std::to_string(members))),
          database_(sqlite::open(in(folder_)).value()) {
        chat_.start();
        for (std::size_t i = 0; i < members; ++i)
            add_person(i);
        chat::GroupDraft draft;
        draft.name = "Budget";
        for (const auto& ear : ears_)
            draft.members.push_back(ear->user());
        channel_ = run(chat_.create_group(ears_.front()->user(), std::move(draft), soon())).channel;
        for (const auto& ear : ears_)
            connect(*ear, ear);
    }
    ~Group() {
        for (const auto& ear : ears_)
            chat_.delivery().disconnect(*ear);
        bool stopped = false;
        asio::co_spawn(io_, chat_.stop(), [&](std::exception_ptr) { stopped = true; });
        while (!stopped)
            io_.run_one();
        database_.reset();
        std::filesystem::remove_all(folder_);
    }

    Cost say() {
        const auto inserts = entries_.inserts, reads = entries_.reads;
        const auto publishes = bus_.publishes;
        const auto wanted = ears_.front()->pushed + 1;
        const auto allocations = allocations_here();
        chat::MessageDraft draft;
        draft.body.text = "hello";
        run(chat_.send_message(ears_.front()->user(), channel_, std::move(draft), soon()));
        while (ears_.back()->pushed < wanted)
            io_.run_one();
        Cost cost{.inserts = entries_.inserts - inserts,
                  .reads = entries_.reads - reads,
                  .publishes = bus_.publishes - publishes,
                  .allocations = allocations_here() - allocations};
        std::unordered_set<const chat::Push*> different;
        for (const auto& ear : ears_) {
            EXPECT_EQ(ear->pushed, wanted);
            different.insert(ear->last.get());
        }
        cost.encodings = different.size();
        return cost;
    }

private:
    static sqlite::Options in(const std::filesystem::path& folder) {
        sqlite::Options options;
        options.folder = folder;
        return options;
    }
    Deadline soon() const { return clock_.in(std::chrono::seconds{30}); }

    template <class T>
    T run(Task<Result<T>> task) {
        std::optional<Result<T>> out;
        auto keep = [&](std::exception_ptr, Result<T> result) { out.emplace(std::move(result)); };
        asio::co_spawn(io_, std::move(task), keep);
        while (!out)
            io_.run_one();
        return std::move(out->value());
    }
    void run(Task<Result<void>> task) {
        bool done = false;
        asio::co_spawn(io_, std::move(task), [&](std::exception_ptr, Result<void> result) {
            done = true;
            EXPECT_TRUE(result);
        });
        while (!done)
            io_.run_one();
    }

    void add_person(std::size_t n) {
        Account account;
        account.user.id = ids_.make<UserId>(clock_.wall());
        account.user.name = "Person " + std::to_string(n);
        account.user.email = std::to_string(n) + "@example.org";
        account.user.phone = std::to_string(1'000'000'000 + n);
        account.user.status = UserStatus::active;
        ears_.push_back(std::make_shared<Ear>(account.user.id));
        run(users_.create(std::move(account), soon()));
    }
    void connect(Ear& ear, std::shared_ptr<Ear> shared) {
        run(chat_.delivery().connect(std::move(shared), soon()));
        run(chat_.all_channels(
            ear, [](const chat::FoldedMessage&) { return std::size_t{1}; }, soon()));
        chat_.answered(ear);
    }

    std::filesystem::path folder_;
    std::unique_ptr<sqlite::Database> database_;
    sqlite::EntryStore under_{*database_};
    sqlite::ChannelStore channels_{*database_};
    sqlite::MemberStore members_{*database_};
    sqlite::UserStore users_{*database_};
    sqlite::BlockStore blocks_{*database_};
    CountedEntries entries_{under_};
    LocalBus local_bus_;
    CountedBus bus_{local_bus_};
    SystemClock clock_;
    IdMaker ids_{7};
    Metrics metrics_;
    asio::io_context io_{1};
    chat::Chat chat_{
        io_.get_executor(),
        {entries_, channels_, members_, users_, blocks_, bus_, clock_, ids_, metrics_, NodeId{}, {}}};
    std::vector<std::shared_ptr<Ear>> ears_;
    ChannelId channel_;
};

/// The least of several messages: ticks and audits that fall between are not theirs.
Cost least_cost(std::size_t members) {
    Group group(members);
    for (int i = 0; i < 3; ++i)
        group.say();  // Caches fill.
    auto least = group.say();
    for (int i = 0; i < 20; ++i) {
        const auto cost = group.say();
        least.inserts = std::min(least.inserts, cost.inserts);
        least.reads = std::min(least.reads, cost.reads);
        least.publishes = std::min(least.publishes, cost.publishes);
        least.allocations = std::min(least.allocations, cost.allocations);
        least.encodings = std::max(least.encodings, cost.encodings);
    }
    return least;
}

TEST(ChatBudget, AMessageCostsTheSameWhateverTheSizeOfItsGroup) {
    log::configure(log::Level::warn, log::Format::text);
    const auto few = least_cost(10), many = least_cost(210);
    EXPECT_EQ(few.inserts, 1U);
    EXPECT_EQ(many.inserts, 1U);
    // A node that knows its head looks the nonce up and reads nothing else.
    EXPECT_LE(few.reads, 1U);
    EXPECT_LE(many.reads, few.reads);
    EXPECT_EQ(few.publishes, 1);
    EXPECT_EQ(many.publishes, 1);
    EXPECT_EQ(few.encodings, 1U);
    EXPECT_EQ(many.encodings, 1U);
    RecordProperty("allocations_10", static_cast<int>(few.allocations));
    RecordProperty("allocations_210", static_cast<int>(many.allocations));
    EXPECT_LE(many.allocations, few.allocations) << "200 further connections";
    std::printf("allocations of one message on the chat thread: %d\n", static_cast<int>(few.allocations));
}

}  // namespace
}  // namespace warren::bench
