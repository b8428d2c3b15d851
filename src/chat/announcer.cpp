#include "chat/announcer.hpp"

#include <algorithm>

#include "chat/rules.hpp"

namespace warren::chat {
namespace {

// The keys of one publish travel in one AMQP header frame, which cannot be split.
constexpr std::size_t kKeysPerPublish = 1'000;
constexpr std::size_t kHeadsPerRound = 200;

}  // namespace

Announcer::Announcer(asio::any_io_executor executor, Environment& env, Memberships& memberships)
    : executor_(std::move(executor)),
      env_(env),
      memberships_(memberships),
      failed_(env.metrics.counter("warren_announce_failed_total",
                                  "Publishes that failed; the head is announced later.")) {}

std::vector<BusKey> Announcer::keys_for(ChannelId channel, bool state_change, const Membership& before,
                                        const Membership& after) const {
    const auto is_large = [&](const Membership& members) {
        return members.members.size() > env_.limits.large_group_publish;
    };
    std::vector<BusKey> keys;
    if (is_large(after)) keys.emplace_back(channel);
    if (is_large(after) && !state_change) return keys;
    // Who was in a large group already is on a node that has bound its key: a change of members costs as many
    // keys as it changes members. One that makes the group large goes to everybody: it makes their nodes
    // bind.
    const bool stays_large = is_large(before) && is_large(after);
    for (const auto& standing : after.members) {
        if (!stays_large || !before.find(standing.user)) keys.emplace_back(standing.user);
    }
    for (const auto& standing : before.members) {
        if (state_change && !after.find(standing.user)) keys.emplace_back(standing.user);
    }
    return keys;
}

void Announcer::announce(const std::vector<EntryPtr>& run, const MembershipPtr& before,
                         const MembershipPtr& after) {
    for (const auto& entry : run) {
        auto keys = keys_for(entry->channel, entry->changes_state(), *before, *after);
        spawn(executor_, "announce", publish(entry, std::move(keys)));
    }
}

Task<void> Announcer::publish(EntryPtr entry, std::vector<BusKey> keys) {
    BusMessage message = EntryAnnounced{entry};
    auto publishing = publish_in_parts(std::move(keys), std::move(message));
    const auto published = co_await std::move(publishing);
    if (published.has_value()) co_return;
    failed_.Increment();
    remember(entry->channel);
}

Task<Result<void>> Announcer::publish_in_parts(std::vector<BusKey> keys, BusMessage message) {
    for (std::size_t from = 0; from < keys.size(); from += kKeysPerPublish) {
        const auto to = std::min(keys.size(), from + kKeysPerPublish);
        std::vector<BusKey> part(keys.begin() + static_cast<std::ptrdiff_t>(from),
                                 keys.begin() + static_cast<std::ptrdiff_t>(to));
        auto publishing =
            env_.bus.publish(std::move(part), message, env_.clock.in(env_.limits.store_timeout));
        WARREN_CO_TRY_VOID(co_await std::move(publishing));
    }
    co_return Result<void>();
}

void Announcer::remember(ChannelId channel) {
    if (!on(Rule::announce_again)) return;
    if (unannounced_.size() < env_.limits.unannounced_max) {
        unannounced_.insert(channel);
    } else {
        overflowed_ = true;
    }
}

void Announcer::announce_remembered() {
    if (announcing_ || (unannounced_.empty() && !overflowed_)) return;
    if (overflowed_) {
        overflowed_ = false;
        env_.bus.publish_control(AuditAll{env_.node});
    }
    std::vector<ChannelId> round;
    while (!unannounced_.empty() && round.size() < kHeadsPerRound) {
        round.push_back(*unannounced_.begin());
        unannounced_.erase(unannounced_.begin());
    }
    announcing_ = true;
    spawn(executor_, "announce_heads", announce_heads(std::move(round)));
}

Task<void> Announcer::announce_heads(std::vector<ChannelId> channels) {
    const auto deadline = env_.clock.in(env_.limits.store_timeout);
    auto reading = env_.entries.heads(channels, deadline);
    const auto heads = co_await std::move(reading);
    for (std::size_t i = 0; i < channels.size(); ++i) {
        bool done = false;
        if (heads.has_value() && (*heads)[i]) {
            const auto head = (*heads)[i];
            auto finding = memberships_.as_of(head->channel, head->state_seq, deadline);
            const auto members = co_await std::move(finding);
            if (members.has_value()) {
                // A change of members may be among what was not announced; those who left learn it by their
                // audits.
                auto keys = keys_for(head->channel, true, Membership{}, **members);
                BusMessage message = HeadAnnounced{head->channel, head->seq};
                auto publishing = publish_in_parts(std::move(keys), std::move(message));
                const auto published = co_await std::move(publishing);
                done = published.has_value();
            }
        }
        if (!done) remember(channels[i]);
    }
    announcing_ = false;
}

}  // namespace warren::chat
