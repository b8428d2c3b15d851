// A node is killed at each step of a deletion. Whatever it got done, afterwards the deleted text is in no
// file of the database, not in the cache and in no answer.
#include <sys/wait.h>

#include "tests/deletion/dying_node_test.hpp"

namespace warren::testing {
namespace {

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
