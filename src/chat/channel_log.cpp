// Long because an append is one algorithm, told here in the order in which it goes.
#include "chat/channel_log.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <list>

#include "base/oneshot.hpp"
#include "chat/blocks.hpp"
#include "chat/deletions.hpp"
#include "chat/retention.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr int kReadAttempts = 6;
constexpr int kBackOffsMax = 5;
constexpr std::size_t kLogsKept = 100'000;
constexpr std::chrono::milliseconds kBackOffFirst{5};
constexpr std::chrono::seconds kForeignMemory{1};

/// What of a stored entry was blanked cannot be compared any more.
bool same_content(const EntryBody& stored, const EntryBody& wanted) {
    return same_request(stored, wanted) || (is_blanked(stored) && stored == blanked(wanted));
}

bool deletes(const Proposal& proposal) {
    return std::holds_alternative<DeleteBody>(proposal.body);
}

Result<void> check(const Proposal& proposal, const Before& before) {
    WARREN_TRY_VOID(proposal.check(before));
    // One may always take back what one wrote, and to make the channel is for its own check to judge.
    if (before.head == 0 || deletes(proposal)) return {};
    return check_writing(proposal.sender, before.blocks);
}

/// Which blocks would stand between the two of a one-to-one chat, also of one that `first` is to make.
std::vector<Block> blocks_between_two(const Membership& members, const EntryBody& first) {
    std::vector<UserId> two;
    const auto* made = members.state_seq == 0 ? std::get_if<ChannelBody>(&first) : nullptr;
    if (made && !made->is_group) {
        for (const auto& member : made->members)
            two.push_back(member.user);
    }
    if (members.state_seq != 0 && !members.is_group) {
        for (const auto& standing : members.members)
            two.push_back(standing.user);
    }
    if (two.size() != 2) return {};
    return {{two[0], two[1]}, {two[1], two[0]}};
}

}  // namespace

const MessageState* readable_target(const Before& before, const Standing& reader) {
    const bool since_join = before.members.history == HistoryAccess::since_join;
    const auto* target = before.target;
    return target && since_join && target->entry()->seq < reader.from ? nullptr : target;
}

/// One proposal, and everybody who made it.
struct ChannelLog::Waiting {
    Proposal proposal;
    EntryId id;  ///< The same at every attempt: an entry that carries it is this one.
    Deadline deadline;
    bool checked = false;  ///< At an earlier attempt, which says nothing about this one.
    /// Whether it may be a repeat, or blocked. What is noted before its insert, or changes the members,
    /// begins so; of what else does, an attempt failed or was refused.
    bool is_doubtful = false;
    std::list<Oneshot<Result<Appended>>> callers;

    bool changes_state() const {
        return proposal.body.index() >= static_cast<std::size_t>(EntryKind::member);
    }
};

/// What is built on: an entry known to be committed.
struct ChannelLog::Head {
    Seq seq = 0;
    std::uint64_t count = 0;
    Seq message_seq = 0;
    Seq state_seq = 0;
    WallTime at{};
};

/// When the head was learnt that a run is built on.
struct ChannelLog::Moment {
    SteadyTime steady;
    WallTime wall;
};

struct ChannelLog::Log {
    Batch queue;
    std::map<NonceKey, WaitingPtr> by_nonce;  ///< Everything in `queue` and in flight.
    bool running = false;
    std::optional<Head> head;  ///< Unless it has to be read.
    Seq seen = 0;              ///< The greatest seq known to be committed: a head below is stale.
    SteadyTime foreign_at{};
    std::chrono::nanoseconds round_trip{0};
    int failures = 0;  ///< Inserts in a row that were not acknowledged.

    void set_head(const Entry& entry) {
        head = Head{entry.seq, entry.count, entry.message_seq, entry.state_seq, entry.at};
        seen = entry.seq;
    }
};

ChannelLog::ChannelLog(asio::any_io_executor executor, Environment& env, Memberships& memberships)
    : executor_(std::move(executor)),
      env_(env),
      memberships_(memberships),
      collisions_(env.metrics.counter("warren_append_collisions_total",
                                      "Runs that were not stored whole at the first attempt.")) {}

ChannelLog::~ChannelLog() {
    for (auto& [channel, log] : logs_) {
        for (auto& [key, waiting] : log->by_nonce) {
            for (auto& caller : waiting->callers)
                caller.set(Error(Errc::unavailable));
        }
    }
}

ChannelLog::Log& ChannelLog::log_of(ChannelId channel) {
    if (logs_.size() >= kLogsKept) forget_idle();
    auto& log = logs_[channel];
    if (!log) log = std::make_unique<Log>();
    return *log;
}

void ChannelLog::forget_idle() {
    std::erase_if(logs_, [](const auto& item) { return !item.second->running; });
}

Task<Result<Appended>> ChannelLog::append(ChannelId channel, Proposal proposal, Deadline deadline) {
    auto& log = log_of(channel);
    NonceKey key{proposal.sender, proposal.nonce};
    WaitingPtr waiting;
    if (const auto found = log.by_nonce.find(key);
        found != log.by_nonce.end() && on(Rule::merge_equal_nonces)) {
        waiting = found->second;
        if (waiting->proposal.body != proposal.body) co_return Error(Errc::nonce_conflict);
    } else {
        if (log.queue.size() >= env_.limits.waiting_per_channel_max) co_return Error(Errc::overloaded);
        waiting = std::make_shared<Waiting>();
        waiting->proposal = std::move(proposal);
        waiting->is_doubtful = waiting->changes_state() || deletes(waiting->proposal);
        waiting->id = env_.ids.make<EntryId>(env_.clock.wall());
        waiting->deadline = deadline;
        log.queue.push_back(waiting);
        log.by_nonce[key] = waiting;
    }
    auto resolving = waiting->callers.emplace_back().wait();
    // Not kept here: the callers hold this coroutine, and would be held by it.
    waiting.reset();
    if (!log.running) {
        log.running = true;
        // Not at once: a store that fails without suspending would resolve this call before it waits.
        auto start = [this, channel, &log] { spawn(executor_, "append", run(channel, log)); };
        asio::post(executor_, std::move(start));
    }
    co_return co_await std::move(resolving);
}

void ChannelLog::on_foreign(ChannelId channel, Seq seq) {
    const auto found = logs_.find(channel);
    if (found == logs_.end()) return;
    auto& log = *found->second;
    if (seq <= log.seen) return;
    log.seen = seq;
    log.head.reset();
    log.foreign_at = env_.clock.now();
}

Task<void> ChannelLog::run(ChannelId channel, Log& log) {
    while (!log.queue.empty()) {
        auto batch = do_batch(channel, log);
        co_await std::move(batch);
        // A node that saw another's entries lets it go first, so that neither starves.
        if (!log.queue.empty() && env_.clock.now() - log.foreign_at < kForeignMemory) {
            auto pause = env_.clock.sleep_until(env_.clock.now() + log.round_trip);
            co_await std::move(pause);
        }
    }
    log.running = false;
}

ChannelLog::Batch ChannelLog::take_batch(Log& log) {
    Batch batch;
    const auto now = env_.clock.now();
    auto at = log.queue.begin();
    for (; at != log.queue.end() && batch.size() < kRunEntriesMax; ++at) {
        if ((*at)->deadline.passed(now)) {
            resolve(log, *at, Error(Errc::timed_out));
            continue;
        }
        // What changes the members goes alone, so that one membership holds for a whole run.
        if ((*at)->changes_state() && !batch.empty()) break;
        batch.push_back(*at);
        if ((*at)->changes_state()) {
            ++at;
            break;
        }
    }
    log.queue.erase(log.queue.begin(), at);
    return batch;
}

Task<void> ChannelLog::do_batch(ChannelId channel, Log& log) {
    auto batch = take_batch(log);
    if (batch.empty()) co_return;
    Deadline deadline = batch.front()->deadline;
    for (const auto& waiting : batch)
        deadline.at = std::max(deadline.at, waiting->deadline.at);

    const auto fail = [&](const Error& error) {
        for (const auto& waiting : batch)
            resolve(log, waiting, error);
    };
    // What a client names may be newer than what this node was told of: then its head is read, before it is
    // said that there is no such message.
    const auto is_beyond = [&](const WaitingPtr& waiting) {
        return log.head && message_named_by(waiting->proposal.body) > log.head->seq;
    };
    if (std::any_of(batch.begin(), batch.end(), is_beyond)) log.head.reset();
    const Moment began{env_.clock.now(), env_.clock.wall()};
    auto learning = learn_head(channel, log, deadline);
    const auto learned = co_await std::move(learning);
    if (learned.has_error()) co_return fail(learned.error());
    const Head head = *learned;
    // Before the nonces, since it mends the projections: what is answered as repeated is then whole.
    auto finding = memberships_.as_of(channel, head.state_seq, deadline);
    auto members = co_await std::move(finding);
    if (members.has_error()) co_return fail(members.error());
    // Looked up before only where it has to be known. Either way at every attempt: so a block holds for
    // whatever is sent after it was acknowledged, anywhere.
    const bool looks = std::any_of(batch.begin(), batch.end(), [](const auto& w) { return w->is_doubtful; });
    Unless unless{on(Rule::look_up_nonces), blocks_between_two(**members, batch.front()->proposal.body)};
    std::vector<Block> blocks;
    if (looks) {
        if (head.seq != 0 && on(Rule::look_up_nonces)) {
            auto repeating = resolve_repeats(channel, log, batch, deadline);
            if (auto done = co_await std::move(repeating); done.has_error()) co_return fail(done.error());
        }
        if (!batch.empty() && !unless.blocks.empty()) {
            auto asking = env_.blocks.existing(std::move(unless.blocks), deadline);
            auto existing = co_await std::move(asking);
            if (existing.has_error()) co_return fail(existing.error());
            blocks = std::move(*existing);
        }
        unless = {};
    }
    Targets targets;
    for (const auto& waiting : batch)
        targets.want(waiting->proposal.body, head.seq);
    auto reading = targets.read(env_.entries, channel, deadline);
    if (auto done = co_await std::move(reading); done.has_error()) co_return fail(done.error());
    auto admitted = admit(log, Before{head.seq, **members, blocks}, batch, targets, looks);
    const auto run = build(channel, head, admitted, **members);
    // What did not fit waits in front.
    log.queue.insert(log.queue.begin(), batch.begin(), batch.end());
    batch = std::move(admitted);
    if (run.empty()) {
        // What an insert failed for was a repeat, or is refused: nobody else is in the way.
        if (looks) log.failures = 0;
        co_return;
    }
    auto storing = store(channel, log, run, std::move(unless), began, deadline);
    if (!co_await std::move(storing)) {
        for (const auto& waiting : batch)
            waiting->is_doubtful = true;
        log.queue.insert(log.queue.begin(), batch.begin(), batch.end());
        co_return;
    }
    auto finishing = finish(channel, log, std::move(batch), run, *members, deadline);
    co_await std::move(finishing);
}

Task<Result<ChannelLog::Head>> ChannelLog::learn_head(ChannelId channel, Log& log, Deadline deadline) {
    log.seen = std::max(log.seen, observer_->shown(channel));
    // An old head is read again: what came after it may have come and gone, and left its seqs free.
    if (log.head && log.head->seq != 0 && may_be_removed(env_, log.head->at)) log.head.reset();
    if (log.head && (log.head->seq >= log.seen || !on(Rule::refuse_stale_head))) co_return *log.head;
    for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
        auto reading = env_.entries.head(channel, deadline);
        WARREN_CO_TRY(head, co_await std::move(reading));
        const Seq seq = head ? head->seq : 0;
        bool kept = true;
        if (head && may_be_removed(env_, head->at)) {
            auto asking = is_kept(env_, channel, seq, deadline);
            WARREN_CO_TRY(answer, co_await std::move(asking));
            kept = answer;
        }
        if (kept && (seq >= log.seen || !on(Rule::refuse_stale_head))) {
            log.head = Head{};
            if (head) log.set_head(*head);
            co_return *log.head;
        }
        auto pausing = back_off(attempt, deadline);
        co_await std::move(pausing);
    }
    co_return Error(Errc::unavailable, "The newest messages cannot be read now; please try again soon.");
}

Task<Result<void>> ChannelLog::resolve_repeats(ChannelId channel, Log& log, Batch& batch, Deadline deadline) {
    std::vector<NonceKey> keys;
    for (const auto& waiting : batch)
        keys.push_back({waiting->proposal.sender, waiting->proposal.nonce});
    auto looking = env_.entries.find_nonces(channel, std::move(keys), deadline);
    WARREN_CO_TRY(found, co_await std::move(looking));
    const auto is_old = [this](const EntryPtr& entry) { return may_be_removed(env_, entry->at); };
    if (std::any_of(found.begin(), found.end(), is_old)) {
        auto reading = env_.channels.channels({channel}, deadline);
        WARREN_CO_TRY(documents, co_await std::move(reading));
        const Seq first = documents.empty() ? 1 : documents.front().start.first_seq;
        std::erase_if(found, [first](const EntryPtr& entry) { return entry->seq < first; });
    }
    // They are answered and may be delivered, so no more of them leaves than of any other raw entry.
    auto shown = found;
    auto hiding = hide_deleted_in(env_.entries, shown, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(hiding));
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto& entry = shown[i];
        const auto same = [&](const WaitingPtr& waiting) {
            return waiting->proposal.sender == entry->sender && waiting->proposal.nonce == entry->nonce;
        };
        const auto at = std::find_if(batch.begin(), batch.end(), same);
        if (at == batch.end()) continue;
        const auto waiting = *at;
        batch.erase(at);
        if (!same_content(found[i]->body, waiting->proposal.body)) {
            resolve(log, waiting, Error(Errc::nonce_conflict));
            continue;
        }
        observer_->on_repeated(entry);
        // One's own earlier attempt, of which only the answer was lost, is no repeat to its caller.
        resolve(log, waiting, Appended{entry, entry->id != waiting->id});
    }
    co_return Result<void>();
}

/// Moves what may be appended now from the front of `batch` to the result, and resolves what is refused or
/// needless. What stays in `batch` has no room in this bucket; or, unless nonces were looked up, begins with
/// what would be refused or needless, and is first to be known for no repeat.
ChannelLog::Batch ChannelLog::admit(Log& log, Before before, Batch& batch, Targets& targets, bool looked) {
    Batch admitted;
    const Seq last = last_seq_of(bucket_of(before.head + 1));
    auto at = batch.begin();
    for (; at != batch.end() && before.head < last; ++at) {
        const auto& proposal = (*at)->proposal;
        before.target = targets.of(proposal.body);
        const auto verdict = judge(**at, before);
        if (verdict && !looked) {
            (*at)->is_doubtful = true;
            break;
        }
        if (verdict) {
            resolve(log, *at, *verdict);
            continue;
        }
        admitted.push_back(*at);
        ++before.head;
        if (on(Rule::see_own_batch)) targets.apply(before.head, proposal.sender, proposal.body);
    }
    batch.erase(batch.begin(), at);
    return admitted;
}

/// Nothing where it is to be appended; else how it is to be resolved.
std::optional<Result<Appended>> ChannelLog::judge(Waiting& waiting, const Before& before) {
    const auto& proposal = waiting.proposal;
    const bool old_target = !on(Rule::recheck_targets) && target_of(proposal.body) != 0;
    if (waiting.checked && !on(Rule::recheck_membership)) return {};
    if (waiting.checked && old_target && before.members.find(proposal.sender)) return {};
    if (const auto checked = check(proposal, before); checked.has_error()) return checked.error();
    if (proposal.is_needless && proposal.is_needless(before)) return Appended{};
    waiting.checked = true;
    return {};
}

std::vector<EntryPtr> ChannelLog::build(ChannelId channel, Head head, const Batch& admitted,
                                        const Membership& members) {
    std::vector<EntryPtr> run;
    for (const auto& waiting : admitted) {
        Entry entry;
        entry.channel = channel;
        entry.seq = ++head.seq;
        entry.id = waiting->id;
        entry.sender = waiting->proposal.sender;
        entry.nonce = waiting->proposal.nonce;
        entry.at = env_.clock.wall();
        entry.body = waiting->proposal.body;
        if (waiting->proposal.complete) waiting->proposal.complete(members, entry.body);
        if (entry.is_message()) {
            ++head.count;
            head.message_seq = entry.seq;
        }
        if (entry.changes_state()) {
            entry.prev_state_seq = head.state_seq;
            head.state_seq = entry.seq;
        }
        entry.count = head.count;
        entry.message_seq = head.message_seq;
        entry.state_seq = head.state_seq;
        run.push_back(std::make_shared<const Entry>(std::move(entry)));
    }
    return run;
}

/// Whether `run` was stored. If not, another node was faster, or the outcome is unknown, and a duplicate key
/// may be an earlier attempt of one's own: so nothing is concluded, everything begins again from the head,
/// and what was stored after all is found there by its nonce. (Rejected: reading the run's places back first.
/// It finds nothing that the nonces do not, and no seed of the simulation needed it.)
Task<bool> ChannelLog::store(ChannelId channel, Log& log, std::vector<EntryPtr> run, Unless unless,
                             Moment began, Deadline deadline) {
    auto noting = note_deletes(env_, run, deadline);
    auto inserted = co_await std::move(noting);
    const auto started = env_.clock.now();
    if (inserted.has_value()) {
        auto inserting = env_.entries.insert(run, std::move(unless), deadline);
        inserted = co_await std::move(inserting);
    }
    // By either clock: one stands still with its machine, the other may be set.
    const auto took =
        std::max<std::chrono::nanoseconds>(env_.clock.now() - began.steady, env_.clock.wall() - began.wall);
    if (inserted.has_value() && took > env_.limits.retention_min_age / 2) {
        auto confirming = confirm(*run.front(), deadline);
        inserted = co_await std::move(confirming);
    }
    if (inserted.has_value()) {
        log.round_trip = env_.clock.now() - started;
        log.failures = 0;
        co_return true;
    }
    collisions_.Increment();
    log.head.reset();
    if (inserted.error() == Errc::taken) {
        log.foreign_at = env_.clock.now();
    } else {
        observer_->on_unknown(channel);
    }
    // What keeps the place may be on its way to being committed, or to being rolled back.
    auto pausing = back_off(std::min(log.failures++, kBackOffsMax), deadline);
    co_await std::move(pausing);
    co_return false;
}

/// Whether what was inserted is in the log. If this node stood still for very long before its insert, others
/// may have taken these seqs, and retention may have removed what they stored there: then the insert found
/// the places free, but means nothing. @errors taken
Task<Result<void>> ChannelLog::confirm(const Entry& first, Deadline deadline) {
    const auto channel = first.channel;
    const Seq seq = first.seq;
    auto asking = is_kept(env_, channel, seq, deadline);
    WARREN_CO_TRY(kept, co_await std::move(asking));
    if (kept) co_return Result<void>();
    auto removing = env_.entries.remove_bucket(channel, bucket_of(seq), deadline);
    WARREN_CO_TRY_VOID(co_await std::move(removing));
    co_return Error(Errc::taken);
}

Task<void> ChannelLog::finish(ChannelId channel, Log& log, Batch stored, std::vector<EntryPtr> run,
                              MembershipPtr before, Deadline deadline) {
    const auto& last = run.back();
    // Where something later was seen the head stays unknown: what was lost to has to be read.
    if (log.seen <= last->seq) log.set_head(*last);
    MembershipPtr after = before;
    Result<void> projected;
    if (last->changes_state()) {
        after = std::make_shared<const Membership>(apply(*before, *last));
        if (on(Rule::project_before_ack)) {
            auto projecting = memberships_.project(last, deadline);
            if (auto done = co_await std::move(projecting); done.has_error()) projected = done.error();
        }
    }
    if (projected.has_error()) observer_->on_unknown(channel);
    observer_->on_appended(run, std::move(before), std::move(after));
    for (std::size_t i = 0; i < stored.size(); ++i) {
        // It is stored, but the projections are not: the client's retry finds its nonce and mends them.
        if (projected.has_error()) {
            resolve(log, stored[i], projected.error());
        } else {
            resolve(log, stored[i], Appended{run[i], false});
        }
    }
}

void ChannelLog::resolve(Log& log, const WaitingPtr& waiting, const Result<Appended>& outcome) {
    log.by_nonce.erase({waiting->proposal.sender, waiting->proposal.nonce});
    for (auto& caller : waiting->callers)
        caller.set(outcome);
}

Task<void> ChannelLog::back_off(int attempt, Deadline deadline) {
    const auto pause = kBackOffFirst * (1 << attempt);
    auto sleeping = env_.clock.sleep_until(std::min(deadline.at, env_.clock.now() + pause));
    co_await std::move(sleeping);
}

}  // namespace warren::chat
