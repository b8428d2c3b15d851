// Groups on a few nodes where nothing goes wrong but what the test does: a node that dies between any two of
// its writes, thresholds that are crossed, a group of ten thousand.
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "chat/membership.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/simulation/listener_test.hpp"
#include "tests/simulation/members_over_time.hpp"

namespace warren::simulation {
namespace {

class Nodes {
public:
    explicit Nodes(std::size_t count) {
        log::configure(log::Level::off, log::Format::text);
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(std::make_unique<SimNode>(world, store, faults, broker, chat::Limits{}, i + 1));
            all.back()->chat.start();
        }
        run(seconds(3));
    }
    ~Nodes() {
        world.shut_down();
        log::configure(log::Level::info, log::Format::text);
    }

    void run(Span span) { world.run_until(world.now() + span); }
    Deadline soon() { return {world.now() + seconds(5)}; }
    chat::Chat& chat(std::size_t node) { return all[node]->chat; }
    Process& process(std::size_t node) { return all[node]->process; }
    void kill(std::size_t node) {
        all[node]->bus.disconnect();
        world.kill(process(node));
    }
    /// Begins `task`; its outcome is in the result once there is one.
    template <class T>
    std::shared_ptr<std::optional<T>> begin(Task<T> task) {
        auto out = std::make_shared<std::optional<T>>();
        spawn(world.executor(), "test", keep(std::move(task), out));
        return out;
    }
    template <class T>
    T wait(Task<T> task) {
        auto out = begin(std::move(task));
        run(seconds(1));
        return std::move(out->value());
    }
    ListenerPtr connect(std::size_t node, UserId user) {
        auto listener = std::make_shared<Listener>(user);
        EXPECT_TRUE(wait(chat(node).delivery().connect(listener, soon())));
        return listener;
    }
    std::vector<ListenerPtr> connect_all(std::size_t node, std::size_t first, std::size_t last) {
        std::vector<ListenerPtr> out;
        for (std::size_t i = first; i <= last; ++i) {
            out.push_back(std::make_shared<Listener>(person(i)));
            begin(chat(node).delivery().connect(out.back(), soon()));
            // The first of them reads the members for all.
            if (i == first) run(seconds(1));
        }
        run(seconds(3));
        return out;
    }
    ChannelId make_group(std::size_t members) {
        chat::GroupDraft draft;
        draft.name = "tea";
        for (std::size_t i = 2; i <= members; ++i)
            draft.members.push_back(person(i));
        return wait(chat(0).create_group(person(1), std::move(draft), soon())).value().channel;
    }
    auto send(std::size_t node, ChannelId channel, UserId sender, std::string text) {
        chat::MessageDraft draft;
        draft.body.text = std::move(text);
        return chat(node).send_message(sender, channel, std::move(draft), soon());
    }
    std::vector<EntryPtr> log_of(ChannelId channel) {
        return set.range(channel, 1, UINT64_MAX, SIZE_MAX, set.committed());
    }
    /// Asserts that the projections say what the log says.
    void expect_projected(ChannelId channel, const std::string& where) {
        const auto entries = log_of(channel);
        chat::Membership members;
        Channel document;
        for (const auto& entry : entries) {
            if (!entry->changes_state()) continue;
            members = chat::apply(members, *entry);
            document = chat::document_of(document, members, *entry);
        }
        EXPECT_EQ(set.channel(channel, set.committed()), document) << where;
        std::vector<chat::Standing> standings;
        for (const auto& row : set.members_of(channel, set.committed())) {
            if (row.covers(entries.back()->seq)) standings.push_back({row.user, row.role, row.from});
        }
        EXPECT_EQ(standings, members.members) << where;
    }

    World world{1, false};
    Faults faults;
    ReplicaSet set{world, faults};
    StoreSide store{world, faults, set};
    Broker broker{world, faults};
    std::vector<std::unique_ptr<SimNode>> all;

private:
    template <class T>
    static Task<void> keep(Task<T> task, std::shared_ptr<std::optional<T>> out) {
        out->emplace(co_await std::move(task));
    }
};

const auto kAlice = person(1);
const auto kBob = person(2);
const auto kCarol = person(3);
const auto kDave = person(4);

using Change = std::function<Task<Result<EntryPtr>>(chat::Chat&, ChannelId, Deadline)>;
struct ChangeCase {
    const char* name;
    Change change;
};
void PrintTo(const ChangeCase& c, std::ostream* out) {
    *out << c.name;
}

class ANodeThatDies : public ::testing::TestWithParam<ChangeCase> {
protected:
    /// Kills node 0 right after its `nth` write or publish of a change. False: it made fewer.
    bool dies_after(int nth, bool is_retried) {
        Nodes nodes(2);
        const auto channel = nodes.make_group(3);
        const auto bob = nodes.connect(1, kBob);
        const auto carol = nodes.connect(1, kCarol);
        const auto dave = nodes.connect(1, kDave);
        int done = 0;
        nodes.process(0).on_done = [&] {
            if (++done == nth) nodes.kill(0);
        };
        nodes.begin(GetParam().change(nodes.chat(0), channel, nodes.soon()));
        nodes.run(seconds(1));
        const std::string where = std::string(GetParam().name) + ", killed after " + std::to_string(nth) +
                                  (is_retried ? ", retried" : "");
        if (is_retried) {
            const auto again = nodes.wait(GetParam().change(nodes.chat(1), channel, nodes.soon()));
            EXPECT_TRUE(again) << where;
            EXPECT_EQ(again ? (*again)->seq : 0, 2u) << where;
        }
        // Nobody asks again: the other node notices that this one is gone, and looks.
        nodes.run(seconds(10));
        EXPECT_EQ(nodes.log_of(channel).size(), 2u) << where;
        nodes.expect_projected(channel, where);
        const MembersOverTime members(nodes.log_of(channel));
        for (const auto& listener : {bob, carol, dave}) {
            const bool concerned =
                members.contains(listener->user(), 1) || members.contains(listener->user(), 2);
            EXPECT_EQ(listener->times_shown(2), concerned ? 1u : 0u)
                << where << ", " << listener->user().hex();
        }
        return done >= nth;
    }
};

TEST_P(ANodeThatDies, LeavesNothingHalfDone) {
    for (const bool is_retried : {true, false}) {
        int nth = 1;
        while (dies_after(nth, is_retried) && !HasFailure())
            ++nth;
        EXPECT_GE(nth - 1, 4) << "the entry, the rows, the document, the announcement";
    }
}

INSTANTIATE_TEST_SUITE_P(
    Groups, ANodeThatDies,
    ::testing::Values(
        ChangeCase{"add", [](chat::Chat& chat, ChannelId channel,
                             Deadline by) { return chat.add_members(kAlice, channel, {kDave}, "n", by); }},
        ChangeCase{"remove",
                   [](chat::Chat& chat, ChannelId channel, Deadline by) {
                       return chat.remove_members(kAlice, channel, {kCarol}, "n", by);
                   }},
        ChangeCase{"leave", [](chat::Chat& chat, ChannelId channel,
                               Deadline by) { return chat.leave_group(kAlice, channel, "n", by); }},
        ChangeCase{"role",
                   [](chat::Chat& chat, ChannelId channel, Deadline by) {
                       return chat.set_role(kAlice, channel, kBob, Role::admin, "n", by);
                   }}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(Groups, ACreationThatDiesAnywhereIsCompletedByItsRetry) {
    for (int nth = 1;; ++nth) {
        Nodes nodes(2);
        const auto bob = nodes.connect(1, kBob);
        chat::GroupDraft draft;
        draft.name = "tea";
        draft.members = {kBob};
        draft.nonce = "n";
        int done = 0;
        nodes.process(0).on_done = [&] {
            if (++done == nth) nodes.kill(0);
        };
        nodes.begin(nodes.chat(0).create_group(kAlice, draft, nodes.soon()));
        nodes.run(seconds(1));
        const auto made = nodes.wait(nodes.chat(1).create_group(kAlice, draft, nodes.soon()));
        ASSERT_TRUE(made) << nth;
        nodes.run(seconds(10));
        const auto where = "killed after " + std::to_string(nth);
        EXPECT_EQ(nodes.set.channels().size(), 1u) << where;
        EXPECT_EQ(nodes.log_of(made->channel).size(), 1u) << where;
        nodes.expect_projected(made->channel, where);
        EXPECT_EQ(bob->times_shown(1), 1u) << where;
        if (done >= nth) continue;
        EXPECT_GE(nth - 1, 5) << "the origin, the entry, the rows, the document, the announcement";
        return;
    }
}

TEST(Groups, ThresholdsAreCrossedBothWaysWhileEverybodyWrites) {
    Nodes nodes(2);
    const auto channel = nodes.make_group(22);
    std::vector<ListenerPtr> listeners = nodes.connect_all(1, 2, 45);
    listeners.push_back(nodes.connect(0, kAlice));
    std::vector<std::size_t> keys_of_messages;
    const auto change = [&](std::size_t who, bool in) {
        const std::vector<UserId> whom{person(who)};
        const auto nonce = std::to_string(who) + (in ? "+" : "-");
        auto changing = in ? nodes.chat(0).add_members(kAlice, channel, whom, nonce, nodes.soon())
                           : nodes.chat(0).remove_members(kAlice, channel, whom, nonce, nodes.soon());
        const auto changed = nodes.begin(std::move(changing));
        const auto one = nodes.begin(nodes.send(0, channel, kAlice, "a"));
        const auto other = nodes.begin(nodes.send(1, channel, kBob, "b"));
        nodes.run(milliseconds(300));
        EXPECT_TRUE(changed->value() && one->value() && other->value()) << nonce;
        const auto alone = nodes.begin(nodes.send(0, channel, kAlice, "alone"));
        nodes.run(milliseconds(200));
        EXPECT_TRUE(alone->value()) << nonce;
        keys_of_messages.push_back(nodes.process(0).work.keys);
    };
    for (std::size_t who = 23; who <= 40; ++who)
        change(who, true);
    for (std::size_t who = 40; who >= 23; --who)
        change(who, false);
    const auto log = nodes.log_of(channel);
    EXPECT_EQ(log.size(), 1 + 36 * 4);
    EXPECT_EQ(*std::min_element(keys_of_messages.begin(), keys_of_messages.end()), 1u) << "the channel's key";
    EXPECT_EQ(*std::max_element(keys_of_messages.begin(), keys_of_messages.end()), 32u)
        << "the members' keys";
    const MembersOverTime members(log);
    for (const auto& listener : listeners) {
        std::size_t expected = 0;
        for (const auto& entry : log) {
            const bool concerned = members.contains(listener->user(), entry->seq) ||
                                   members.contains(listener->user(), entry->seq - 1);
            expected += entry->seq > 1 && concerned;
        }
        EXPECT_EQ(listener->pushes.size(), expected) << listener->user().hex();
        EXPECT_TRUE(listener->is_consecutive()) << listener->user().hex();
        EXPECT_EQ(listener->interruptions, 0) << listener->user().hex();
    }
    nodes.expect_projected(channel, "at the end");
}

TEST(Groups, AJumpOverBothThresholdsReachesThoseWhoWereInAlready) {
    Nodes nodes(2);
    const auto channel = nodes.make_group(10);
    const auto bob = nodes.connect(1, kBob);
    std::vector<UserId> many;
    for (std::size_t who = 11; who <= 40; ++who)
        many.push_back(person(who));
    const auto added = nodes.begin(nodes.chat(0).add_members(kAlice, channel, many, "n", nodes.soon()));
    while (!added->has_value())
        nodes.run(milliseconds(1));
    const auto sent = nodes.begin(nodes.send(0, channel, kAlice, "right after"));
    nodes.run(seconds(1));
    ASSERT_TRUE(added->value() && sent->value());
    EXPECT_EQ(nodes.process(0).work.keys, 1u);
    EXPECT_EQ(bob->pushes.size(), 2u);
    ASSERT_TRUE(nodes.wait(nodes.chat(0).remove_members(kAlice, channel, many, "m", nodes.soon())));
    ASSERT_TRUE(nodes.wait(nodes.send(0, channel, kAlice, "and back")));
    EXPECT_EQ(nodes.process(0).work.keys, 10u);
    EXPECT_EQ(bob->pushes.size(), 4u);
}

/// What `listener` is shown by a sync that knows nothing.
void sync(Nodes& nodes, std::size_t node, Listener& listener, ChannelId channel) {
    auto bytes_of = [](const Entry&) { return std::size_t{100}; };
    auto& chat = nodes.chat(node);
    auto syncing = chat.sync(listener, {{channel, 0}}, std::move(bytes_of), nodes.soon());
    EXPECT_TRUE(nodes.wait(std::move(syncing)));
    chat.answered(listener);
}

TEST(Groups, ANodeThatFindsALargeGroupLateHearsOfItFromThenOn) {
    Nodes nodes(2);
    const auto bob = nodes.connect(1, kBob);
    sync(nodes, 1, *bob, {});
    nodes.faults.dropped = 1;
    const auto channel = nodes.make_group(40);
    // More than a node pushes to catch up: who was missed is told to sync.
    for (int i = 0; i < 150; ++i)
        nodes.begin(nodes.send(0, channel, kAlice, "unheard"));
    nodes.run(seconds(5));
    nodes.faults.dropped = 0;
    ASSERT_EQ(nodes.log_of(channel).size(), 151u);
    ASSERT_TRUE(bob->pushes.empty());
    const auto carol = nodes.connect(1, kCarol);
    EXPECT_EQ(bob->interruptions, 1) << "found when another member came";
    sync(nodes, 1, *bob, channel);
    const auto pushed = bob->pushes.size();
    ASSERT_TRUE(nodes.wait(nodes.send(0, channel, kAlice, "heard")));
    EXPECT_EQ(bob->pushes.size(), pushed + 1) << "within a second, by the channel's key";
}

struct Spent {
    std::uint64_t reads, writes, publishes;
    friend bool operator==(const Spent&, const Spent&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Spent& s) {
        return out << s.reads << " reads, " << s.writes << " writes, " << s.publishes << " publishes";
    }
};
Spent spent(Nodes& nodes, std::size_t node) {
    const auto& work = nodes.process(node).work;
    return {work.reads, work.writes, work.publishes};
}
Spent operator-(const Spent& a, const Spent& b) {
    return {a.reads - b.reads, a.writes - b.writes, a.publishes - b.publishes};
}

TEST(Budget, AGroupOfTenThousandCostsItsDeliveriesOnly) {
    constexpr std::size_t kMembers = 10'000;
    Nodes nodes(3);
    const auto channel = nodes.make_group(kMembers);
    auto listeners = nodes.connect_all(1, 2, 1'001);
    const auto others = nodes.connect_all(2, 1'002, 2'001);
    listeners.insert(listeners.end(), others.begin(), others.end());
    ASSERT_TRUE(nodes.wait(nodes.send(0, channel, kAlice, "warm")));
    for (const auto& listener : listeners)
        ASSERT_EQ(listener->pushes.size(), 1u);

    const std::array before{spent(nodes, 0), spent(nodes, 1), spent(nodes, 2)};
    ASSERT_TRUE(nodes.wait(nodes.send(0, channel, kAlice, "hi")));
    EXPECT_EQ(spent(nodes, 0) - before[0], (Spent{1, 1, 1})) << "the nonce is looked up, the entry inserted";
    EXPECT_EQ(nodes.process(0).work.keys, 1u) << "the channel's key";
    EXPECT_EQ(spent(nodes, 1) - before[1], (Spent{0, 0, 0}));
    EXPECT_EQ(spent(nodes, 2) - before[2], (Spent{0, 0, 0}));
    std::set<chat::PushPtr> made;
    for (const auto& listener : listeners) {
        ASSERT_EQ(listener->pushes.size(), 2u);
        made.insert(listener->pushes.back());
    }
    EXPECT_EQ(made.size(), 2u) << "one a node: encoded once";

    // Who is put out: one publish too, with the channel's key and theirs.
    const auto published = nodes.process(0).work.publishes;
    ASSERT_TRUE(nodes.wait(nodes.chat(0).remove_members(kAlice, channel, {person(2)}, "out", nodes.soon())));
    EXPECT_EQ(nodes.process(0).work.publishes, published + 1);
    EXPECT_EQ(nodes.process(0).work.keys, 2u);
    for (const auto& listener : listeners)
        EXPECT_EQ(listener->pushes.size(), 3u);
    const auto again =
        nodes.wait(nodes.chat(0).add_members(kAlice, channel, {person(2)}, "in", nodes.soon()));
    ASSERT_TRUE(again);
    EXPECT_EQ(nodes.process(0).work.publishes, published + 2);
    EXPECT_EQ(nodes.process(0).work.keys, 2u);
    EXPECT_EQ(listeners.front()->interruptions, 1) << "it still shows the group, and never syncs";
    EXPECT_EQ(listeners.back()->pushes.size(), 4u);
}

}  // namespace
}  // namespace warren::simulation
