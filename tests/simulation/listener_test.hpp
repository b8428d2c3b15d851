#pragma once
#include <algorithm>

#include "chat/subscriber.hpp"

namespace warren::simulation {

inline UserId person(std::size_t number) {
    UserId id;
    id.bytes[10] = static_cast<std::uint8_t>(number >> 8);
    id.bytes[11] = static_cast<std::uint8_t>(number);
    return id;
}

/// A connection that keeps what it is pushed.
class Listener final : public chat::Subscriber {
public:
    explicit Listener(UserId user) : user_(user) {}
    UserId user() const override { return user_; }
    void push(const chat::PushPtr& push) override { pushes.push_back(push); }
    void notice(const chat::NoticePushPtr&) override {}
    void resync(const std::vector<std::pair<ChannelId, Seq>>&) override { ++interruptions; }
    void reconnect() override { ++interruptions; }
    void signed_out() override {}

    std::size_t times_shown(Seq seq) const {
        return static_cast<std::size_t>(
            std::count_if(pushes.begin(), pushes.end(), [&](const auto& p) { return p->entry->seq == seq; }));
    }
    /// Whether the pushes are consecutive entries, the first of which lets in or follows the opening.
    bool is_consecutive() const {
        for (std::size_t i = 1; i < pushes.size(); ++i) {
            if (pushes[i]->entry->seq != pushes[i - 1]->entry->seq + 1) return false;
        }
        return true;
    }

    std::vector<chat::PushPtr> pushes;
    int interruptions = 0;

private:
    UserId user_;
};
using ListenerPtr = std::shared_ptr<Listener>;

}  // namespace warren::simulation
