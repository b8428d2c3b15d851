// Work is counted, not timed: what a message, a connection and a sync cost must not grow with members, nodes
// or history.
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "chat/chat.hpp"
#include "chat/membership.hpp"
#include "tests/simulation/bus.hpp"
#include "tests/simulation/listener_test.hpp"
#include "tests/simulation/stores.hpp"
#include "tests/support/counted.hpp"

namespace warren::simulation {
namespace {

using testing::CountedBus;
using testing::CountedEntries;

class CountedChannels final : public ChannelStore {
public:
    explicit CountedChannels(ChannelStore& store) : store_(store) {}
    Task<Result<ChannelId>> claim_origin(std::string origin, ChannelId mine, Deadline by) override {
        return ++calls, store_.claim_origin(std::move(origin), mine, by);
    }
    Task<Result<void>> put_channel(Channel channel, Deadline by) override {
        return ++calls, store_.put_channel(std::move(channel), by);
    }
    // The three of retention, which looks now and then whatever anybody does, are not counted.
    Task<Result<void>> raise_start(ChannelId channel, LogStart start, Deadline by) override {
        return store_.raise_start(channel, start, by);
    }
    Task<Result<void>> set_retention(ChannelId channel, std::optional<RetentionPolicy> retention,
                                     Deadline by) override {
        return store_.set_retention(channel, retention, by);
    }
    Task<Result<std::vector<Channel>>> list(ChannelId after, std::size_t limit, Deadline by) override {
        return store_.list(after, limit, by);
    }
    Task<Result<std::vector<Channel>>> channels(std::vector<ChannelId> ids, Deadline by) override {
        return ++calls, store_.channels(std::move(ids), by);
    }
    Task<Result<void>> merge_members(std::vector<MemberRow> rows, Deadline by) override {
        return ++calls, store_.merge_members(std::move(rows), by);
    }
    Task<Result<std::vector<MemberRow>>> members(ChannelId channel, Seq at, UserId after, std::size_t limit,
                                                 Deadline by) override {
        return ++calls, store_.members(channel, at, after, limit, by);
    }
    Task<Result<std::vector<MemberRow>>> stays_of(UserId user, Deadline by) override {
        return ++calls, store_.stays_of(user, by);
    }
    int calls = 0;

private:
    ChannelStore& store_;
};

/// One node, nothing goes wrong, and one group with the given members and messages.
class OneNode {
public:
    OneNode(std::size_t members, Seq messages) {
        log::configure(log::Level::warn, log::Format::text);
        channel.bytes[11] = 9;
        found(members, messages);
        chat.start();
        world.run_until(world.now() + seconds(2));
    }
    ~OneNode() { world.shut_down(); }

    Deadline soon() { return {world.now() + seconds(5)}; }
    template <class T>
    T wait(Task<T> task) {
        std::optional<T> out;
        spawn(world.executor(), "test", keep(std::move(task), out));
        world.run_until(world.now() + seconds(2));
        return std::move(out.value());
    }
    std::shared_ptr<Listener> connect(UserId user) {
        auto listener = std::make_shared<Listener>(user);
        EXPECT_TRUE(wait(chat.delivery().connect(listener, soon())));
        return listener;
    }
    Result<EntryPtr> send(std::string text, std::string nonce = {}) {
        chat::MessageDraft draft;
        draft.body.text = std::move(text);
        draft.nonce = std::move(nonce);
        return wait(chat.send_message(person(1), channel, std::move(draft), soon()));
    }
    chat::SyncAnswer sync(Listener& listener, Seq known) {
        auto bytes_of = [](const Entry&) { return std::size_t{100}; };
        auto answer = wait(chat.sync(listener, {{channel, known}}, std::move(bytes_of), soon()));
        chat.answered(listener);
        return std::move(answer.value());
    }
    /// The store's calls of what `act` does; audits are 60 s apart.
    template <class F>
    int calls_of(F act) {
        const auto calls = [this] { return static_cast<int>(entries.calls()) + channels.calls; };
        const int before = calls();
        act();
        return calls() - before;
    }

    World world{1, false};
    Faults faults;
    ReplicaSet set{world, faults};
    StoreSide store{world, faults, set};
    Broker broker{world, faults};
    Process process;
    SimClock clock{world, process, milliseconds(0)};
    IdMaker ids{1};
    Metrics metrics;
    SimBlockStore blocks;
    SimEntryStore plain_entries{store, process, blocks};
    CountedEntries entries{plain_entries};
    SimChannelStore plain_channels{store, process};
    CountedChannels channels{plain_channels};
    SimMemberStore member_states{store};
    SimUserStore users{store, process};
    SimBus plain_bus{world, faults, broker, process, 1};
    CountedBus bus{plain_bus};
    ChannelId channel;
    chat::Chat chat{world.executor(),
                    {.entries = entries,
                     .channels = channels,
                     .members = member_states,
                     .users = users,
                     .blocks = blocks,
                     .bus = bus,
                     .clock = clock,
                     .ids = ids,
                     .metrics = metrics,
                     .node = {},
                     .limits = {}}};

private:
    template <class T>
    static Task<void> keep(Task<T> task, std::optional<T>& out) {
        out.emplace(co_await std::move(task));
    }
    void found(std::size_t members, Seq messages) {
        std::vector<EntryPtr> log;
        for (Seq seq = 1; seq <= messages + 1; ++seq) {
            Entry entry;
            entry.channel = channel;
            entry.seq = seq;
            entry.sender = person(1);
            entry.nonce = std::to_string(seq);
            entry.count = seq - 1;
            entry.message_seq = seq > 1 ? seq : 0;
            entry.state_seq = 1;
            if (seq == 1) {
                ChannelBody body;
                body.is_group = true;
                for (std::size_t i = 1; i <= members; ++i)
                    body.members.push_back({person(i), Role::member});
                entry.body = std::move(body);
            }
            log.push_back(std::make_shared<const Entry>(std::move(entry)));
        }
        const chat::Membership nobody;
        (void)set.insert(log, log.size());
        (void)set.merge(chat::rows_of(nobody, *log.front()));
        (void)set.put_channel(chat::document_of({}, chat::apply(nobody, *log.front()), *log.front()));
        set.commit_all();
    }
};

struct SendCost {
    int store_calls;
    int publishes;
    std::size_t keys;
    std::size_t pushes_made;
};

SendCost cost_of_a_send(std::size_t members) {
    OneNode node(members, 3);
    std::vector<std::shared_ptr<Listener>> listeners;
    for (std::size_t i = 1; i <= 10; ++i)
        listeners.push_back(node.connect(person(i)));
    EXPECT_TRUE(node.send("warm"));
    const int published = node.bus.publishes;
    SendCost cost{};
    cost.store_calls = node.calls_of([&] { EXPECT_TRUE(node.send("hi")); });
    cost.publishes = node.bus.publishes - published;
    cost.keys = node.bus.keys_of_last;
    std::set<chat::PushPtr> made;
    for (const auto& listener : listeners) {
        EXPECT_EQ(listener->pushes.size(), 2u);
        made.insert(listener->pushes.back());
    }
    cost.pushes_made = made.size();
    return cost;
}

TEST(Budget, AMessageCostsTheSameWhateverTheNumberOfMembers) {
    for (const std::size_t members : {10u, 32u, 33u, 1'000u}) {
        const auto cost = cost_of_a_send(members);
        EXPECT_EQ(cost.store_calls, 1) << "the entry is inserted; " << members << " members";
        EXPECT_EQ(cost.publishes, 1) << members << " members";
        EXPECT_EQ(cost.keys, members > 32 ? 1u : members) << "above 32 the channel's key alone";
        EXPECT_EQ(cost.pushes_made, 1u) << "one for all local connections: encoded once";
    }
}

TEST(Budget, ARepeatCostsTheSameWhateverTheHistory) {
    for (const Seq messages : {Seq{3}, Seq{3'000}}) {
        OneNode node(10, messages);
        const auto seq = node.send("hi", "once").value()->seq;
        EXPECT_EQ(node.calls_of([&] { EXPECT_EQ(node.send("hi", "once").value()->seq, seq); }), 5)
            << "an insert that is refused; head, nonce, whether it was deleted; the head that is announced";
    }
}

TEST(Budget, AChangeOfAMessageCostsTheSameWhateverTheHistory) {
    for (const Seq messages : {Seq{3}, Seq{3'000}}) {
        OneNode node(10, messages);
        const Seq target = node.send("hi").value()->seq;
        EXPECT_EQ(node.calls_of([&] {
            EXPECT_TRUE(
                node.wait(node.chat.edit_message(person(1), node.channel, target, "ho", {}, node.soon())));
        }),
                  3)
            << "message, what was done to it, insert";
        EXPECT_EQ(node.calls_of([&] {
            EXPECT_TRUE(
                node.wait(node.chat.delete_message(person(1), node.channel, target, {}, node.soon())));
        }),
                  9)
            << "nonce, the same, and the note before; then message, edits, blanking, the note's end";
    }
}

TEST(Budget, ConnectingAndSyncingDoNotDependOnTheLengthOfTheHistory) {
    std::set<int> connects;
    std::set<int> syncs;
    for (const Seq messages : {Seq{1}, Seq{100}, Seq{5'000}}) {
        OneNode node(10, messages);
        std::shared_ptr<Listener> listener;
        connects.insert(node.calls_of([&] { listener = node.connect(person(2)); }));
        syncs.insert(node.calls_of([&] {
            const auto answer = node.sync(*listener, messages - 1);
            EXPECT_EQ(answer.channels.at(node.channel).entries.size(), 2u);
        }));
    }
    EXPECT_EQ(connects.size(), 1u);
    EXPECT_LE(*connects.rbegin(), 8);
    EXPECT_EQ(syncs.size(), 1u);
    EXPECT_LE(*syncs.rbegin(), 8);
}

TEST(Budget, AnAuditAsksForTheNextEntriesAndForThePeopleHereAndForNothingElse) {
    OneNode node(10, 100);
    const auto listener = node.connect(person(2));
    node.world.run_until(node.world.now() + seconds(180));
    const auto before = node.entries.audits;
    const auto calls = node.calls_of([&] { node.world.run_until(node.world.now() + seconds(600)); });
    const auto audits = static_cast<int>(node.entries.audits - before);
    EXPECT_GE(audits, 5);
    EXPECT_EQ(calls, 2 * audits);
}

}  // namespace
}  // namespace warren::simulation
