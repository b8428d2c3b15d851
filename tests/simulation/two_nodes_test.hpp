#pragma once
#include <gtest/gtest.h>

#include <optional>

#include "base/log.hpp"
#include "chat/membership.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/simulation/listener_test.hpp"

namespace warren::simulation {

/// A client that only listens, and keeps what it is pushed and told.
class Ear final : public chat::Subscriber {
public:
    explicit Ear(UserId user) : user_(user) {}
    UserId user() const override { return user_; }
    void push(const chat::PushPtr& push) override { pushes.push_back(push); }
    void notice(const chat::NoticePushPtr& push) override {
        notices.push_back(push->notice);
        notice_pushes.push_back(push);
    }
    void resync(const std::vector<std::pair<ChannelId, Seq>>& channels) override {
        ++resyncs;
        missed.insert(missed.end(), channels.begin(), channels.end());
    }
    void reconnect() override { ++reconnects; }
    void signed_out() override {}

    template <class Kind>
    std::vector<Kind> told() const {
        std::vector<Kind> out;
        for (const auto& notice : notices)
            if (const auto* one = std::get_if<Kind>(&notice)) out.push_back(*one);
        return out;
    }

    std::vector<chat::PushPtr> pushes;
    std::vector<Notice> notices;
    std::vector<chat::NoticePushPtr> notice_pushes;
    int resyncs = 0;
    std::vector<std::pair<ChannelId, Seq>> missed;  ///< What the resyncs named.
    int reconnects = 0;

private:
    UserId user_;
};
using EarPtr = std::shared_ptr<Ear>;

/// Two nodes, the store and the broker between them, in virtual time; nothing goes wrong by itself. For tests
/// of what chat does beside the logs.
class TwoNodes : public ::testing::Test {
protected:
    ~TwoNodes() override { world.shut_down(); }

    static constexpr std::size_t kBoth = 2;

    void start(chat::Limits limits = {}) {
        log::configure(log::Level::warn, log::Format::text);
        for (std::uint64_t i = 0; i < kBoth; ++i) {
            nodes.push_back(std::make_unique<SimNode>(world, store, faults, broker, limits, i + 1));
            nodes.back()->chat.start();
        }
        pass(seconds(3));
    }
    void pass(Span span) { world.run_until(world.now() + span); }
    /// What a node said to another has arrived.
    void settle() { pass(milliseconds(50)); }
    void kill(std::size_t node) {
        nodes[node]->bus.disconnect();
        world.kill(nodes[node]->process);
    }
    chat::Chat& chat(std::size_t node) { return nodes[node]->chat; }
    Deadline soon() { return {world.now() + seconds(5)}; }

    template <class T>
    static Task<void> keep(Task<T> task, std::optional<T>& out) {
        out.emplace(co_await std::move(task));
    }
    template <class T>
    T wait(Task<T> task) {
        std::optional<T> out;
        spawn(world.executor(), "test", keep(std::move(task), out));
        // Longer only where a call hangs until its deadline.
        for (int i = 0; i == 0 || (i < 40 && !out); ++i)
            pass(milliseconds(300));
        return std::move(out.value());
    }
    /// Connected, and past its opening.
    EarPtr connect(std::size_t node, UserId user) {
        auto ear = open(node, user);
        pass(seconds(2));
        return ear;
    }
    /// Connected just now: until its first read what is pushed to it is held.
    EarPtr open(std::size_t node, UserId user) {
        auto ear = std::make_shared<Ear>(user);
        EXPECT_TRUE(wait(chat(node).delivery().connect(ear, soon())));
        return ear;
    }
    void disconnect(std::size_t node, const EarPtr& ear) { chat(node).delivery().disconnect(*ear); }
    ChannelId group(std::vector<UserId> members) {
        chat::GroupDraft draft;
        draft.name = "tea";
        draft.members = members;
        return wait(chat(0).create_group(members.front(), std::move(draft), soon())).value().channel;
    }
    EntryPtr send(std::size_t node, UserId sender, ChannelId channel) {
        chat::MessageDraft draft;
        draft.body.text = "hi";
        return wait(chat(node).send_message(sender, channel, std::move(draft), soon())).value();
    }
    /// Takes `user` out of `channel`.
    void remove(ChannelId channel, UserId user) {
        ASSERT_TRUE(wait(chat(0).leave_group(user, channel, "leaves", soon())));
    }

    World world{1, false};
    Faults faults;
    ReplicaSet set{world, faults};
    StoreSide store{world, faults, set};
    Broker broker{world, faults};
    std::vector<std::unique_ptr<SimNode>> nodes;
};

}  // namespace warren::simulation
