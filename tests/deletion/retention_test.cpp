// What retention removes is gone like what is deleted: from every file of the database, from the cache, from
// every answer; also where the node is killed at any step of it.
#include <sys/wait.h>

#include "tests/deletion/dying_node_test.hpp"

namespace warren::testing {
namespace {

/// Keeps as little as retention ever does.
constexpr RetentionPolicy kLeast{0ms, 1};

chat::Limits limits(RetentionPolicy retention, std::chrono::milliseconds sweep_every = 1h) {
    chat::Limits out;
    out.retention = retention;
    out.retention_min_age = 0ms;
    out.retention_sweep_every = sweep_every;
    return out;
}

class RetentionLeaves : public ::testing::TestWithParam<Crash> {
protected:
    void SetUp() override {
        log::configure(log::Level::error, log::Format::text);
        Node node(folder());
        node.make_person();
        chat::GroupDraft draft;
        draft.name = "tea";
        channel_ = node.wait(node.chat().create_group(kAlice, std::move(draft), node.soon())).value().channel;
        message_ = node.say(channel_, "SECRET first");
        ASSERT_TRUE(node.wait(
            node.chat().edit_message(kAlice, channel_, message_, "SECRET second", {}, node.soon())));
        while (node.say(channel_, "SECRET later") < kFirstKept - 1) {
        }
        for (int i = 0; i < 150; ++i)
            node.say(channel_, "other " + std::to_string(i));
        const auto shown = node.everything_shown(channel_);
        EXPECT_NE(shown.find("SECRET second"), std::string::npos);
        EXPECT_NE(node.cached().find("SECRET later"), std::string::npos);
        EXPECT_EQ(count(shown, "\"other 0\""), 3) << "in history, in sync and in the cache";
    }
    static std::ptrdiff_t count(const std::string& text, const std::string& what) {
        std::ptrdiff_t out = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
            ++out;
        return out;
    }
    void expect_only_the_rest(Node& node) {
        EXPECT_FALSE(is_in_a_file(folder(), "SECRET"));
        EXPECT_FALSE(is_in_a_file(folder(), "secret")) << "as the words of a search are kept";
        const auto shown = node.everything_shown(channel_);
        EXPECT_EQ(shown.find("SECRET"), std::string::npos);
        EXPECT_EQ(node.cached().find("SECRET"), std::string::npos);
        EXPECT_EQ(count(shown, "\"other 0\""), 3) << "in history, in sync and in the cache";
        EXPECT_EQ(node.document(channel_).start, (LogStart{kFirstKept, kFirstKept - 3, kFirstKept}));
    }
    std::filesystem::path folder() const { return folder_.path() / "data"; }

    /// Two buckets go; the newest entry is in the fourth.
    static constexpr Seq kFirstKept = first_seq_of(2);
    TemporaryFolder folder_;
    ChannelId channel_;
    Seq message_ = 0;
};

TEST_F(RetentionLeaves, Nothing) {
    Node node(folder(), std::nullopt, limits({}, 20ms));
    EXPECT_NE(node.everything_shown(channel_).find("SECRET"), std::string::npos);
    EXPECT_NE(node.cached().find("SECRET"), std::string::npos);
    node.set_retention(channel_, kLeast);
    ASSERT_TRUE(node.removes_before(channel_, kFirstKept));
    EXPECT_EQ(node.cached().find("SECRET"), std::string::npos) << "before anybody asks";
    expect_only_the_rest(node);
}

TEST_P(RetentionLeaves, NothingOnceADeadNodeIsFollowed) {
    const auto dying = ::fork();
    ASSERT_GE(dying, 0);
    if (dying == 0) {
        Node node(folder(), GetParam(), limits(kLeast));
        (void)node.removes_before(channel_, kFirstKept);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(dying, &status, 0), dying);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it was to die";
    {
        // Without retention nothing more begins, but what was begun is finished, and not shown until then.
        Node node(folder(), std::nullopt, limits({}));
        const bool begun = node.document(channel_).start.first_seq != 1;
        EXPECT_EQ(begun, GetParam().step != Step::raise_start || !GetParam().before);
        if (!begun) {
            EXPECT_NE(node.everything_shown(channel_).find("SECRET"), std::string::npos);
            return;
        }
        EXPECT_EQ(node.everything_shown(channel_).find("SECRET"), std::string::npos);
        ASSERT_TRUE(node.removes_before(channel_, kFirstKept));
        expect_only_the_rest(node);
        EXPECT_EQ(node.say(channel_, "on it goes"), 2 + kFirstKept + 148);
    }
    Node node(folder(), std::nullopt, limits({}));
    EXPECT_NE(node.everything_shown(channel_).find("on it goes"), std::string::npos);
    expect_only_the_rest(node);
}

std::string name_of(const ::testing::TestParamInfo<Crash>& info) {
    constexpr std::array kNames{"raise_start", "remove_bucket", "note_removed"};
    const auto step = static_cast<std::size_t>(info.param.step) - static_cast<std::size_t>(Step::raise_start);
    return (info.param.before ? "before_" : "after_") + std::string(kNames.at(step));
}
INSTANTIATE_TEST_SUITE_P(Killed, RetentionLeaves,
                         ::testing::Values(Crash{Step::raise_start, true}, Crash{Step::raise_start, false},
                                           Crash{Step::remove_bucket, true},
                                           Crash{Step::remove_bucket, false}, Crash{Step::note_removed, true},
                                           Crash{Step::note_removed, false}),
                         name_of);

}  // namespace
}  // namespace warren::testing
