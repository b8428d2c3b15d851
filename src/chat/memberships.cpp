#include "chat/memberships.hpp"

#include <algorithm>

#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kMembersPerRead = 1'000;
constexpr int kForgottenAtOnce = 5'000;

std::shared_ptr<Membership> empty(Seq state_seq, const Channel& document) {
    auto membership = std::make_shared<Membership>();
    membership->state_seq = state_seq;
    membership->history = document.history;
    membership->is_group = document.is_group;
    return membership;
}

void append(Membership& membership, const std::vector<MemberRow>& rows) {
    for (const auto& row : rows)
        membership.members.push_back({row.user, row.role, row.from});
}

}  // namespace

MembershipPtr Memberships::cached(ChannelId channel, Seq state_seq) {
    const auto found = cache_.find(channel);
    if (found == cache_.end() || found->second.membership->state_seq != state_seq) return nullptr;
    recent_.splice(recent_.begin(), recent_, found->second.place);
    found->second.used = env_.clock.now();
    return found->second.membership;
}

void Memberships::keep(ChannelId channel, MembershipPtr membership) {
    const auto found = cache_.find(channel);
    if (found != cache_.end()) {
        if (found->second.membership->state_seq > membership->state_seq) return;
        members_cached_ -= found->second.membership->members.size() + 1;
        recent_.erase(found->second.place);
        cache_.erase(found);
    }
    members_cached_ += membership->members.size() + 1;
    recent_.push_front(channel);
    cache_[channel] = {std::move(membership), recent_.begin(), env_.clock.now()};
    while (members_cached_ > env_.limits.cached_members_max && recent_.size() > 1)
        forget_oldest();
}

void Memberships::forget_oldest() {
    const auto oldest = cache_.find(recent_.back());
    members_cached_ -= oldest->second.membership->members.size() + 1;
    cache_.erase(oldest);
    recent_.pop_back();
}

void Memberships::forget_unused(SteadyTime now) {
    if (recent_.empty()) return;
    for (int i = 0; i < kForgottenAtOnce && !recent_.empty(); ++i) {
        if (now < cache_.at(recent_.back()).used + kMembershipsKept) return;
        forget_oldest();
    }
    if (recent_.empty()) cache_ = {};
}

Task<Result<MembershipPtr>> Memberships::as_of(ChannelId channel, Seq state_seq, Deadline deadline,
                                               const Channel* document) {
    if (state_seq == 0) {
        static const auto kNobody = std::make_shared<const Membership>();
        co_return kNobody;
    }
    if (auto known = cached(channel, state_seq)) co_return known;
    const Place place{channel, state_seq};
    if (const auto others = reading_.find(place); others != reading_.end()) {
        auto waiting = others->second.emplace_back().wait();
        co_await std::move(waiting);
        if (auto known = cached(channel, state_seq)) co_return known;
        auto reading = read(channel, state_seq, deadline, document);
        co_return co_await std::move(reading);
    }
    reading_.try_emplace(place);
    try {
        auto reading = read(channel, state_seq, deadline, document);
        auto membership = co_await std::move(reading);
        end_reading(place);
        co_return membership;
    } catch (...) {
        end_reading(place);
        throw;
    }
}

Task<Result<void>> Memberships::load_all(std::vector<Wanted> wanted, Deadline deadline) {
    std::vector<Place> places;
    std::vector<const Channel*> documents;
    std::size_t count = 0;
    for (const auto& [document, state_seq] : wanted) {
        if (state_seq == 0 || document->state_seq < state_seq || cached(document->id, state_seq)) continue;
        if (count + document->member_count >= kMembersPerRead) continue;
        const Place place{document->id, state_seq};
        if (!reading_.try_emplace(place).second) continue;
        count += document->member_count;
        places.push_back(place);
        documents.push_back(document);
    }
    if (places.empty()) co_return Result<void>();
    const auto end = [&] {
        for (const auto& place : places)
            end_reading(place);
    };
    try {
        auto reading = env_.channels.members_of(places, kMembersPerRead, deadline);
        auto found = co_await std::move(reading);
        for (std::size_t i = 0; found && i < places.size(); ++i) {
            const auto& rows = (*found)[i];
            if (rows.size() == kMembersPerRead) continue;  // There may be more: as_of pages through them.
            auto membership = empty(places[i].seq, *documents[i]);
            append(*membership, rows);
            keep(places[i].channel, std::move(membership));
        }
        end();
        if (!found) co_return found.error();
    } catch (...) {
        end();
        throw;
    }
    co_return Result<void>();
}

void Memberships::end_reading(const Place& place) {
    auto done = reading_.extract(place);
    for (auto& waiting : done.mapped())
        waiting.set(true);
}

Task<Result<MembershipPtr>> Memberships::read(ChannelId channel, Seq state_seq, Deadline deadline,
                                              const Channel* given) {
    if (given && given->state_seq >= state_seq) {
        auto loading = load(channel, state_seq, *given, deadline);
        co_return co_await std::move(loading);
    }
    auto reading = env_.channels.channels({channel}, deadline);
    WARREN_CO_TRY(documents, co_await std::move(reading));
    auto document = documents.empty() ? Channel{} : std::move(documents.front());
    if (document.state_seq < state_seq) {
        auto mending = mend(channel, document.state_seq, state_seq, deadline);
        WARREN_CO_TRY_VOID(co_await std::move(mending));
        // Mending kept the memberships that it went through.
        if (auto known = cached(channel, state_seq)) co_return known;
        co_return Error(Errc::unavailable);
    }
    auto loading = load(channel, state_seq, document, deadline);
    co_return co_await std::move(loading);
}

Task<Result<void>> Memberships::bring_up(ChannelId channel, Seq state_seq, Deadline deadline) {
    auto reading = env_.channels.channels({channel}, deadline);
    WARREN_CO_TRY(documents, co_await std::move(reading));
    const Seq known = documents.empty() ? 0 : documents.front().state_seq;
    if (known >= state_seq) co_return Result<void>();
    auto mending = mend(channel, known, state_seq, deadline);
    co_return co_await std::move(mending);
}

Task<Result<MembershipPtr>> Memberships::after(EntryPtr entry, Deadline deadline) {
    MembershipPtr before;
    if (entry->prev_state_seq == 0) before = std::make_shared<const Membership>();
    if (!before) before = cached(entry->channel, entry->prev_state_seq);
    if (!before) {
        auto finding = as_of(entry->channel, entry->seq, deadline);
        co_return co_await std::move(finding);
    }
    MembershipPtr result = std::make_shared<const Membership>(apply(*before, *entry));
    keep(entry->channel, result);
    co_return result;
}

Task<Result<MembershipPtr>> Memberships::load(ChannelId channel, Seq state_seq, const Channel& document,
                                              Deadline deadline) {
    auto membership = empty(state_seq, document);
    UserId after;
    for (;;) {
        auto reading = env_.channels.members(channel, state_seq, after, kMembersPerRead, deadline);
        WARREN_CO_TRY(rows, co_await std::move(reading));
        append(*membership, rows);
        if (rows.size() < kMembersPerRead) break;
        after = rows.back().user;
    }
    MembershipPtr result = std::move(membership);
    keep(channel, result);
    co_return result;
}

Task<Result<void>> Memberships::mend(ChannelId channel, Seq from, Seq to, Deadline deadline) {
    // The log of state entries is a list linked backwards; it is walked to where the projections are, then
    // written forwards.
    std::vector<EntryPtr> missing;
    for (Seq at = to; at > from;) {
        auto reading = env_.entries.range(channel, at, at, 1, deadline);
        WARREN_CO_TRY(found, co_await std::move(reading));
        if (found.empty() || !found.front()->changes_state()) co_return Error(Errc::unavailable);
        at = found.front()->prev_state_seq;
        missing.push_back(std::move(found.front()));
    }
    for (auto entry = missing.rbegin(); entry != missing.rend(); ++entry) {
        auto projecting = project(*entry, deadline);
        WARREN_CO_TRY_VOID(co_await std::move(projecting));
    }
    co_return Result<void>();
}

Task<Result<MembershipPtr>> Memberships::project(EntryPtr entry, Deadline deadline) {
    Channel document;
    MembershipPtr before = std::make_shared<const Membership>();
    auto reading = env_.channels.channels({entry->channel}, deadline);
    WARREN_CO_TRY(documents, co_await std::move(reading));
    if (!documents.empty()) document = std::move(documents.front());
    if (document.state_seq < entry->prev_state_seq) co_return Error(Errc::unavailable);
    if (entry->prev_state_seq != 0) {
        auto finding = as_of(entry->channel, entry->prev_state_seq, deadline);
        WARREN_CO_TRY(found, co_await std::move(finding));
        before = std::move(found);
    }
    MembershipPtr after = std::make_shared<const Membership>(apply(*before, *entry));
    if (document.state_seq < entry->seq) {
        // Rows first: the document's state_seq says that they are there.
        auto merging = env_.channels.merge_members(rows_of(*before, *entry), deadline);
        WARREN_CO_TRY_VOID(co_await std::move(merging));
        auto putting = env_.channels.put_channel(document_of(document, *after, *entry), deadline);
        WARREN_CO_TRY_VOID(co_await std::move(putting));
    }
    keep(entry->channel, after);
    co_return after;
}

}  // namespace warren::chat
