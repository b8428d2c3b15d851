#include "chat/typing.hpp"

#include <algorithm>

#include "chat/checks.hpp"

namespace warren::chat {
namespace {

constexpr std::chrono::milliseconds kTick{100};

}  // namespace

Typing::Typing(asio::any_io_executor executor, Environment& env, Memberships& memberships, Blocks& blocks,
               Delivery& delivery)
    : executor_(std::move(executor)),
      env_(env),
      memberships_(memberships),
      blocks_(blocks),
      delivery_(delivery) {}

Task<Result<void>> Typing::set(const Subscriber& by, ChannelId channel, bool on, Deadline deadline) {
    const auto user = by.user();
    auto asking = audience(user, channel, deadline);
    WARREN_CO_TRY(others, co_await std::move(asking));
    auto* record = on && !others.empty() ? &record_of(user, channel) : find(user, channel);
    if (!record) co_return Result<void>();
    record->on = on && !others.empty();
    record->repeated = true;
    record->by = &by;
    if (!others.empty()) record->others = std::move(others);
    record->ends_at = env_.clock.now() + env_.limits.typing_ttl;
    advance(user, *record);
    if (!std::exchange(ticking_, true)) spawn(executor_, "typing", tick_while_any());
    co_return Result<void>();
}

void Typing::on_wrote(UserId user, ChannelId channel) {
    auto* record = find(user, channel);
    if (!record) return;
    record->on = false;
    advance(user, *record);
}

void Typing::on_closed(const Subscriber& by) {
    const auto person = people_.find(by.user());
    if (person == people_.end()) return;
    for (auto& record : person->second) {
        if (record.by != &by) continue;
        record.on = false;
        advance(person->first, record);
    }
}

/// As of what was delivered here, which costs nothing; where that does not have `user`, as of the log.
Task<Result<MembershipPtr>> Typing::members_of(UserId user, ChannelId channel, Deadline deadline) {
    if (const Seq known = delivery_.state_seq(channel); known != 0) {
        auto finding = memberships_.as_of(channel, known, deadline);
        WARREN_CO_TRY(members, co_await std::move(finding));
        if (members->find(user)) co_return members;
    }
    auto reading = env_.entries.head(channel, deadline);
    WARREN_CO_TRY(head, co_await std::move(reading));
    if (!head) co_return no_such_channel();
    auto finding = memberships_.as_of(channel, head->state_seq, deadline);
    WARREN_CO_TRY(members, co_await std::move(finding));
    if (!members->find(user)) co_return no_such_channel();
    co_return members;
}

/// Who is shown that `user` types; nobody where it is not to be told.
Task<Result<std::vector<UserId>>> Typing::audience(UserId user, ChannelId channel, Deadline deadline) {
    auto finding = members_of(user, channel, deadline);
    WARREN_CO_TRY(members, co_await std::move(finding));
    std::vector<UserId> others;
    if (members->members.size() > env_.limits.large_group_publish) co_return others;
    for (const auto& standing : members->members) {
        if (standing.user != user) others.push_back(standing.user);
    }
    if (members->is_group || others.empty()) co_return others;
    auto asking = blocks_.blocks(user, others.front());
    bool blocked = co_await std::move(asking);
    if (!blocked) {
        auto asking_other = blocks_.blocks(others.front(), user);
        blocked = co_await std::move(asking_other);
    }
    if (blocked) others.clear();
    co_return others;
}

Typing::Record* Typing::find(UserId user, ChannelId channel) {
    const auto person = people_.find(user);
    if (person == people_.end()) return nullptr;
    const auto is_of_channel = [channel](const Record& record) { return record.channel == channel; };
    const auto at = std::find_if(person->second.begin(), person->second.end(), is_of_channel);
    return at == person->second.end() ? nullptr : &*at;
}

Typing::Record& Typing::record_of(UserId user, ChannelId channel) {
    if (auto* record = find(user, channel)) return *record;
    auto& records = people_[user];
    if (records.size() >= env_.limits.typing_channels_max) {
        records.front().on = false;
        advance(user, records.front());
        records.erase(records.begin());
    }
    records.emplace_back().channel = channel;
    return records.back();
}

void Typing::advance(UserId user, Record& record) {
    const auto now = env_.clock.now();
    if (now >= record.ends_at) record.on = false;
    if (!record.on && record.told) tell(user, record, false);
    const bool news = record.on && (!record.told || record.repeated);
    if (!news || now < record.quiet_until) return;
    tell(user, record, true);
    record.quiet_until = now + env_.limits.typing_interval;
}

void Typing::tell(UserId user, Record& record, bool on) {
    record.told = on;
    record.repeated = false;
    if (record.others.empty()) return;
    std::vector<BusKey> keys(record.others.begin(), record.others.end());
    const TypingNotice notice{record.channel, user, on, env_.limits.typing_ttl};
    delivery_.notify(notice, std::move(keys), record.others);
}

Task<void> Typing::tick_while_any() {
    while (!people_.empty()) {
        auto sleeping = env_.clock.sleep_until(env_.clock.now() + kTick);
        co_await std::move(sleeping);
        const auto now = env_.clock.now();
        for (auto person = people_.begin(); person != people_.end();) {
            auto& [user, records] = *person;
            for (auto& record : records)
                advance(user, record);
            // Kept while quiet, so that ending and beginning again is not told any sooner.
            std::erase_if(records, [now](const Record& r) { return !r.on && now >= r.quiet_until; });
            person = records.empty() ? people_.erase(person) : std::next(person);
        }
    }
    ticking_ = false;
}

}  // namespace warren::chat
