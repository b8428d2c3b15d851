// Searching as people do, over a store in memory whose index knows old texts too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "chat/chat.hpp"
#include "tests/simulation/bus.hpp"
#include "tests/simulation/listener_test.hpp"
#include "tests/simulation/stores.hpp"
#include "words/query.hpp"
#include "words/tokens.hpp"

namespace warren::simulation {
namespace {

using ::testing::ElementsAre;
using Texts = std::vector<std::string>;

/// One node on which nothing goes wrong.
class Search : public ::testing::Test {
protected:
    Search() {
        log::configure(log::Level::warn, log::Format::text);
        chat.start();
        world.run_until(world.now() + seconds(2));
    }
    ~Search() override { world.shut_down(); }

    template <class T>
    T wait(Task<T> task) {
        std::optional<T> out;
        spawn(world.executor(), "test", keep(std::move(task), out));
        for (int i = 0; i < 100 && !out; ++i)
            world.run_until(world.now() + milliseconds(50));
        return std::move(out.value());
    }
    Deadline soon() { return {world.now() + seconds(5)}; }

    ChannelId group(std::vector<UserId> members, HistoryAccess history = HistoryAccess::all) {
        chat::GroupDraft draft;
        draft.name = "tea";
        draft.members = members;
        draft.history = history;
        return wait(chat.create_group(members.front(), std::move(draft), soon())).value().channel;
    }
    std::string fresh_nonce() { return std::to_string(++nonces); }
    Seq send(ChannelId channel, std::string text) {
        chat::MessageDraft draft;
        draft.body.text = std::move(text);
        return wait(chat.send_message(alice, channel, std::move(draft), soon())).value()->seq;
    }
    void edit(ChannelId channel, Seq target, std::string text) {
        ASSERT_TRUE(wait(chat.edit_message(alice, channel, target, std::move(text), fresh_nonce(), soon())));
    }
    void remove(ChannelId channel, Seq target) {
        ASSERT_TRUE(wait(chat.delete_message(alice, channel, target, fresh_nonce(), soon())));
    }
    void add_member(ChannelId channel, UserId user) {
        ASSERT_TRUE(wait(chat.add_members(alice, channel, {user}, fresh_nonce(), soon())));
    }

    Result<chat::SearchPage> ask(UserId user, chat::SearchRequest request) {
        auto bytes_of = [](const chat::FoldedMessage& message) { return 100 + message.text.size(); };
        return wait(chat.search(user, std::move(request), std::move(bytes_of), soon()));
    }
    /// All that is found, by pages.
    std::vector<chat::FoldedMessage> search(UserId user, std::string query,
                                            std::optional<ChannelId> channel = std::nullopt,
                                            std::size_t limit = 100) {
        chat::SearchRequest request{std::move(query), channel, std::nullopt, limit};
        std::vector<chat::FoldedMessage> out;
        do {
            auto page = ask(user, request).value();
            EXPECT_LE(page.messages.size(), limit);
            out.insert(out.end(), page.messages.begin(), page.messages.end());
            request.before = page.next;
        } while (request.before);
        return out;
    }
    Texts texts(UserId user, std::string query, std::optional<ChannelId> channel = std::nullopt) {
        Texts out;
        for (const auto& message : search(user, std::move(query), channel))
            out.push_back(message.text);
        return out;
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
    SimEntryStore entries{store, process, blocks};
    SimChannelStore channels{store, process};
    SimMemberStore member_states{store};
    SimUserStore users{store, process};
    SimBus bus{world, faults, broker, process, 1};
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
    const UserId alice = person(1), bob = person(2), carol = person(3);
    int nonces = 0;

private:
    template <class T>
    static Task<void> keep(Task<T> task, std::optional<T>& out) {
        out.emplace(co_await std::move(task));
    }
};

TEST_F(Search, LooksIntoOnesOwnChannelsNewestFirst) {
    const auto first = group({alice, bob});
    const auto second = group({alice, carol});
    send(first, "tea one");
    send(second, "tea two");
    send(first, "coffee");
    send(first, "TEA three");
    EXPECT_THAT(texts(alice, "tea"), ElementsAre("TEA three", "tea two", "tea one"));
    EXPECT_THAT(texts(bob, "tea"), ElementsAre("TEA three", "tea one"));
    EXPECT_THAT(texts(carol, "tea"), ElementsAre("tea two"));
    EXPECT_THAT(texts(alice, "tea", first), ElementsAre("TEA three", "tea one"));
    EXPECT_THAT(texts(person(9), "tea"), ElementsAre());
    EXPECT_EQ(ask(carol, {"tea", first, std::nullopt, 20}).error(), Errc::not_found);
    EXPECT_EQ(ask(carol, {"tea", ChannelId(), std::nullopt, 20}).error(), Errc::not_found);
}

TEST_F(Search, FindsWhatIsThereNow) {
    const auto channel = group({alice, bob});
    const auto edited = send(channel, "old words");
    const auto removed = send(channel, "old secrets");
    send(channel, "old hats");
    edit(channel, edited, "new words");
    remove(channel, removed);
    EXPECT_THAT(texts(bob, "old"), ElementsAre("old hats"));
    EXPECT_THAT(texts(bob, "secrets"), ElementsAre());
    EXPECT_THAT(texts(bob, "words"), ElementsAre("new words"));
    // Of two texts of one message.
    EXPECT_THAT(texts(bob, "new old"), ElementsAre());
    edit(channel, edited, "old again");
    EXPECT_THAT(texts(bob, "old"), ElementsAre("old hats", "old again"));
    EXPECT_THAT(texts(bob, "new"), ElementsAre());
    EXPECT_EQ(search(bob, "again").at(0).edited_by, search(bob, "again").at(0).entry->seq + 5);
}

TEST_F(Search, GoesWithMembership) {
    const auto open = group({alice, bob});
    const auto closed = group({alice, bob}, HistoryAccess::since_join);
    send(open, "tea before");
    send(closed, "tea before, closed");
    add_member(open, carol);
    add_member(closed, carol);
    send(closed, "tea after, closed");
    EXPECT_THAT(texts(carol, "tea"), ElementsAre("tea after, closed", "tea before"));
    EXPECT_THAT(texts(carol, "tea", closed), ElementsAre("tea after, closed"));
    ASSERT_TRUE(wait(chat.remove_members(alice, open, {carol}, fresh_nonce(), soon())));
    ASSERT_TRUE(wait(chat.leave_group(carol, closed, fresh_nonce(), soon())));
    EXPECT_THAT(texts(carol, "tea"), ElementsAre());
    EXPECT_EQ(ask(carol, {"tea", open, std::nullopt, 20}).error(), Errc::not_found);
    EXPECT_EQ(texts(bob, "tea").size(), 3U);
}

TEST_F(Search, PagesHoldEverythingOnce) {
    const auto channel = group({alice, bob});
    for (int i = 0; i < 150; ++i)
        send(channel, (i % 2 ? "tea " : "milk and tea ") + std::to_string(i));
    for (const std::size_t limit : {1, 7, 100}) {
        const auto found = search(bob, "\"and tea\"", channel, limit);
        ASSERT_EQ(found.size(), 75U);
        for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_EQ(found[i].text, "milk and tea " + std::to_string(148 - 2 * i));
    }
    const auto whole = ask(bob, {"hundred* OR tea", channel, std::nullopt, 20}).value();
    EXPECT_TRUE(whole.messages.empty());
    const auto last = ask(bob, {"\"tea 1\"", channel, std::nullopt, 1}).value();
    EXPECT_EQ(last.messages.size(), 1U);
    EXPECT_FALSE(last.next);
}

TEST_F(Search, AnswersWithinTheBudget) {
    const auto channel = group({alice, bob});
    for (int i = 0; i < 80; ++i)
        send(channel, "tea " + std::string(15'000, 'x'));
    const auto page = ask(bob, {"tea", channel, std::nullopt, 100}).value();
    EXPECT_EQ(page.messages.size(), 66U);
    ASSERT_TRUE(page.next);
    EXPECT_EQ(search(bob, "tea", channel).size(), 80U);
}

TEST_F(Search, ManyStaleCandidatesEndAPageEarly) {
    const auto channel = group({alice, bob});
    send(channel, "tea at last");
    for (int i = 0; i < 120; ++i)
        edit(channel, send(channel, "tea"), "coffee");
    const auto page = ask(bob, {"tea", channel, std::nullopt, 5}).value();
    EXPECT_TRUE(page.messages.empty());
    EXPECT_TRUE(page.next);
    EXPECT_THAT(texts(bob, "tea", channel), ElementsAre("tea at last"));
}

TEST_F(Search, RefusesWhatItCannotUnderstand) {
    for (const std::string before : {"", "1", "1-2", "1-2-", "x-2-0123456789abcdef01234567", "1-2-xyz",
                                     "1-2-0123456789abcdef01234567-", "--"}) {
        const auto answer = ask(alice, {"tea", std::nullopt, before, 20});
        ASSERT_TRUE(answer.has_error()) << before;
        EXPECT_EQ(answer.error(), Errc::invalid);
        EXPECT_THAT(answer.error().message, ::testing::HasSubstr("before"));
    }
    EXPECT_EQ(ask(alice, {"tea", std::nullopt, "-1-2-0123456789abcdef01234567", 20}).value().messages.size(),
              0U);
    EXPECT_EQ(ask(alice, {"tea", std::nullopt, std::nullopt, 0}).error(), Errc::invalid);
    EXPECT_EQ(ask(alice, {"tea", std::nullopt, std::nullopt, 101}).error(), Errc::invalid);
    EXPECT_EQ(ask(alice, {"*", std::nullopt, std::nullopt, 20}).error(), Errc::invalid);
}

// Whatever was written, edited and deleted, by whom and where: exactly what is there now, in order.
TEST_F(Search, AgreesWithANaiveModel) {
    struct Known {
        ChannelId channel;
        Seq seq;
        std::string text;  // Empty: deleted.
    };
    auto& random = world.random();
    const Texts vocabulary{"tea", "teapot", "milk", "Zürich", "猫が", "the"};
    const auto some_text = [&] {
        std::string out;
        for (auto n = 1 + random.below(4); n > 0; --n)
            out += (out.empty() ? "" : " ") + vocabulary[random.below(vocabulary.size())];
        return out;
    };
    const std::vector<ChannelId> groups{group({alice, bob}), group({alice, carol}),
                                        group({alice, bob, carol})};
    const std::set<ChannelId> bobs{groups[0], groups[2]};
    std::vector<Known> known;
    for (int i = 0; i < 400; ++i) {
        auto& old = known.empty() ? known.emplace_back() : known[random.below(known.size())];
        const auto what = random.below(4);
        if (what == 0 && !old.text.empty()) {
            old.text = some_text();
            edit(old.channel, old.seq, old.text);
        } else if (what == 1 && !old.text.empty() && random.chance(0.5)) {
            remove(old.channel, old.seq);
            old.text.clear();
        } else {
            const auto channel = groups[random.below(groups.size())];
            auto text = some_text();
            known.push_back({channel, send(channel, text), text});
        }
    }
    for (const std::string query :
         {"tea", "te*", "\"tea milk\"", "milk zurich", "猫", "the tea*", "\"the te*\""}) {
        const auto parsed = words::parse_query(query).value();
        Texts expected;
        for (auto at = known.rbegin(); at != known.rend(); ++at) {
            if (bobs.contains(at->channel) && !at->text.empty() && parsed.matches(words::tokens(at->text)))
                expected.push_back(at->text);
        }
        EXPECT_EQ(texts(bob, query), expected) << query;
    }
}

}  // namespace
}  // namespace warren::simulation
