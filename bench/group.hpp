#pragma once
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <list>
#include <stdexcept>

#include "adapters/local_bus/local_bus.hpp"
#include "adapters/sqlite/block_store.hpp"
#include "adapters/sqlite/channel_store.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "adapters/sqlite/member_store.hpp"
#include "adapters/sqlite/user_store.hpp"
#include "chat/chat.hpp"
#include "ports/system_clock.hpp"
#include "tests/support/counted.hpp"
#include "tests/support/map_cache.hpp"

namespace warren::bench {

/// A connection that only counts: what it is pushed, and how often it is told anything else.
struct Ear final : chat::Subscriber {
    explicit Ear(UserId u) : user_(u) {}
    UserId user() const override { return user_; }
    void push(const chat::PushPtr& push) override {
        ++pushed;
        last = push;
    }
    void notice(const chat::NoticePushPtr&) override { ++surprises; }
    void resync(const std::vector<std::pair<ChannelId, Seq>>&) override { ++surprises; }
    void reconnect() override { ++surprises; }
    void signed_out() override { ++surprises; }
    UserId user_;
    std::size_t pushed = 0, surprises = 0;
    chat::PushPtr last;
};

/// Chat without connections over SQLite, and one group whose members all listen. On the calling thread but
/// for the database's.
class Group {
public:
    explicit Group(std::size_t members)
        : folder_(std::filesystem::temp_directory_path() /
                  ("warren-group-" + std::to_string(::getpid()) + "-" + std::to_string(members))),
          database_(open(folder_, metrics_)) {
        chat_.start();
        for (std::size_t i = 0; i < members; ++i)
            add_person(i);
        channel_ = make_group();
        for (const auto& ear : ears_)
            connect(*ear, ear);
    }
    ~Group() {
        for (const auto& ear : ears_)
            chat_.delivery().disconnect(*ear);
        stop(chat_);
        database_.reset();
        std::filesystem::remove_all(folder_);
    }

    /// Sends a message and waits until everybody has been pushed it.
    EntryPtr say() {
        const auto wanted = ears_.back()->pushed + 1;
        chat::MessageDraft draft;
        draft.body.text = "hello";
        auto entry = run(chat_.send_message(ears_.front()->user(), channel_, std::move(draft), soon()));
        while (ears_.back()->pushed < wanted)
            io_.run_one();
        return entry;
    }
    /// Delivers `entry` as if another node had announced it.
    void hear(EntryPtr entry) { chat_.delivery().on_message(EntryAnnounced{std::move(entry)}); }

    /// One of the members goes, comes back and syncs from nothing.
    void come_back() {
        const auto ear = ears_.back();
        chat_.delivery().disconnect(*ear);
        come(chat_, ear);
    }
    /// One of the members comes, as the first, to a node that has just started.
    void come_first() {
        auto& started = started_.emplace_back(io_.get_executor(), environment(buses_.emplace_back()));
        started.start();
        const auto ear = std::make_shared<Ear>(ears_.back()->user());
        come(started, ear);
        started.delivery().disconnect(*ear);
        stop(started);
    }
    /// Makes a further group of all.
    ChannelId make_group() {
        chat::GroupDraft draft;
        draft.name = "Group";
        for (const auto& ear : ears_)
            draft.members.push_back(ear->user());
        return run(chat_.create_group(ears_.front()->user(), std::move(draft), soon())).channel;
    }
    /// Somebody looks at the newest page of history.
    void look() { run(chat_.history(ears_.front()->user(), channel_, {}, soon())); }
    /// Reads of the database until now.
    double reads() { return metrics_.counter("warren_sqlite_reads_total", "").Value(); }

    const std::vector<std::shared_ptr<Ear>>& ears() const { return ears_; }
    const testing::CountedEntries& entries() const { return entries_; }
    const testing::CountedBus& bus() const { return bus_; }

private:
    static std::unique_ptr<adapters::sqlite::Database> open(const std::filesystem::path& folder,
                                                            Metrics& metrics) {
        adapters::sqlite::Options options;
        options.folder = folder;
        options.metrics = &metrics;
        return adapters::sqlite::open(std::move(options)).value();
    }
    Deadline soon() const { return clock_.in(std::chrono::seconds{30}); }

    template <class T>
    T run(Task<Result<T>> task) {
        std::optional<Result<T>> out;
        auto keep = [&](std::exception_ptr, Result<T> result) { out.emplace(std::move(result)); };
        asio::co_spawn(io_, std::move(task), keep);
        while (!out)
            io_.run_one();
        if (!*out) throw std::runtime_error(out->error().message);
        if constexpr (!std::is_void_v<T>) return std::move(out->value());
    }

    void come(chat::Chat& chat, const std::shared_ptr<Ear>& ear) {
        run(chat.delivery().connect(ear, soon()));
        run(chat.sync(
            *ear, {}, [](const Entry&) { return std::size_t{1}; }, soon()));
        chat.answered(*ear);
    }
    void stop(chat::Chat& chat) {
        bool stopped = false;
        asio::co_spawn(io_, chat.stop(), [&](std::exception_ptr) { stopped = true; });
        while (!stopped)
            io_.run_one();
    }
    chat::Environment environment(MessageBus& bus) {
        return {entries_, channels_, members_, users_,   blocks_, bus,
                clock_,   ids_,      metrics_, NodeId{}, {},      &cache_};
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
    Metrics metrics_;
    std::unique_ptr<adapters::sqlite::Database> database_;
    adapters::sqlite::EntryStore under_{*database_};
    adapters::sqlite::ChannelStore channels_{*database_};
    adapters::sqlite::MemberStore members_{*database_};
    adapters::sqlite::UserStore users_{*database_};
    adapters::sqlite::BlockStore blocks_{*database_};
    testing::CountedEntries entries_{under_};
    LocalBus local_bus_;
    testing::CountedBus bus_{local_bus_};
    testing::MapCache cache_;
    SystemClock clock_;
    IdMaker ids_{7};
    asio::io_context io_{1};
    chat::Chat chat_{io_.get_executor(), environment(bus_)};
    // What of them still sleeps wakes up in `io_`.
    std::list<LocalBus> buses_;
    std::list<chat::Chat> started_;
    std::vector<std::shared_ptr<Ear>> ears_;
    ChannelId channel_;
};

}  // namespace warren::bench
