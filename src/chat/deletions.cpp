#include "chat/deletions.hpp"

#include <algorithm>
#include <map>

#include "base/log.hpp"
#include "chat/fold.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kNotesPerSweep = 1'000;
/// A note whose delete is nowhere: long after the delete could still be stored.
constexpr std::chrono::hours kUnusedNoteKept{1};

EntryPtr blanked_copy(const Entry& entry) {
    Entry out = entry;
    out.body = blanked(entry.body);
    return std::make_shared<const Entry>(std::move(out));
}

/// The message that the text of `entry` belongs to; 0 where it has none.
Seq text_belongs_to(const Entry& entry) {
    if (is_blanked(entry.body)) return 0;
    if (entry.is_message()) return entry.seq;
    return std::holds_alternative<EditBody>(entry.body) ? entry.target() : 0;
}

EntryPtr delete_of(const std::vector<EntryPtr>& targeting, Seq target) {
    const auto deletes = [target](const EntryPtr& entry) {
        return std::holds_alternative<DeleteBody>(entry->body) && entry->target() == target;
    };
    const auto found = std::find_if(targeting.begin(), targeting.end(), deletes);
    return found == targeting.end() ? nullptr : *found;
}

}  // namespace

Task<Result<void>> note_deletes(Environment& env, std::vector<EntryPtr> run, Deadline deadline) {
    std::vector<Blanking> notes;
    for (const auto& entry : run) {
        if (std::holds_alternative<DeleteBody>(entry->body))
            notes.push_back({entry->id, entry->channel, entry->target(), entry->at});
    }
    if (notes.empty() || !on(Rule::note_before_delete)) co_return Result<void>();
    auto noting = env.entries.note_blankings(std::move(notes), deadline);
    co_return co_await std::move(noting);
}

Task<Result<void>> hide_deleted_in(EntryStore& store, std::vector<EntryPtr>& entries, Deadline deadline) {
    if (!on(Rule::hide_deleted)) co_return Result<void>();
    std::map<Bucket, Seq> asked;
    for (const auto& entry : entries) {
        const Seq message = text_belongs_to(*entry);
        if (message == 0) continue;
        auto& first = asked.try_emplace(bucket_of(message), message).first->second;
        first = std::min(first, message);
    }
    for (const auto& [bucket, first] : asked) {
        auto reading = store.targeting(entries.front()->channel, bucket, first, deadline);
        WARREN_CO_TRY(targeting, co_await std::move(reading));
        hide_deleted(entries, targeting);
    }
    co_return Result<void>();
}

Deletions::Deletions(asio::any_io_executor executor, Environment& env, Pages& pages)
    : executor_(std::move(executor)),
      env_(env),
      pages_(pages),
      swept_(env.metrics.counter("warren_deletions_swept_total",
                                 "Deletions that another node, or an earlier life of this one, began.")) {}

void Deletions::start() {
    if (on(Rule::sweep_notes)) spawn(executor_, "sweep", sweep_for_ever());
}

Task<Result<void>> Deletions::finish(EntryPtr remove, Deadline deadline) {
    const auto channel = remove->channel;
    const Seq target = remove->target();
    std::vector<Place> places{{channel, target}};
    auto reading = env_.entries.at(std::move(places), deadline);
    WARREN_CO_TRY(messages, co_await std::move(reading));
    auto asking = env_.entries.targeting(channel, bucket_of(target), target, deadline);
    WARREN_CO_TRY(changes, co_await std::move(asking));
    std::vector<EntryPtr> blanks;
    for (const auto* found : {&messages, &changes}) {
        for (const auto& entry : *found) {
            if (text_belongs_to(*entry) == target) blanks.push_back(blanked_copy(*entry));
        }
    }
    if (!blanks.empty()) {
        auto blanking = env_.entries.blank(std::move(blanks), deadline);
        WARREN_CO_TRY_VOID(co_await std::move(blanking));
    }
    auto dropping = pages_.drop(channel, bucket_of(target));
    co_await std::move(dropping);
    auto forgetting = env_.entries.forget_blanking(remove->id, deadline);
    co_return co_await std::move(forgetting);
}

void Deletions::on_delivered(const Entry& remove) {
    spawn(executor_, "drop_page", pages_.drop(remove.channel, bucket_of(remove.target())));
}

Task<void> Deletions::sweep_for_ever() {
    // What an earlier life left is not waited for.
    std::chrono::seconds older_than{0};
    while (!stopping_) {
        auto sweeping = sweep(older_than);
        const auto swept = co_await std::move(sweeping);
        if (swept.has_value()) older_than = env_.limits.sweep_notes_after;
        auto sleeping = env_.clock.sleep_until(env_.clock.now() + env_.limits.sweep_every);
        co_await std::move(sleeping);
    }
}

Task<Result<void>> Deletions::sweep(std::chrono::seconds older_than) {
    auto deadline = env_.clock.in(env_.limits.store_timeout);
    auto reading = env_.entries.blankings(env_.clock.wall() - older_than, kNotesPerSweep, deadline);
    WARREN_CO_TRY(notes, co_await std::move(reading));
    for (const auto& note : notes) {
        if (stopping_) break;
        deadline = env_.clock.in(env_.limits.store_timeout);
        auto settling = settle(note, deadline);
        const auto settled = co_await std::move(settling);
        // The others may succeed, and this one stays noted.
        if (settled.has_error()) log::warn("deletion_not_finished", {{"channel", note.channel.hex()}});
    }
    co_return Result<void>();
}

Task<Result<void>> Deletions::settle(Blanking note, Deadline deadline) {
    auto reading = env_.entries.targeting(note.channel, bucket_of(note.target), note.target, deadline);
    WARREN_CO_TRY(targeting, co_await std::move(reading));
    const auto remove = delete_of(targeting, note.target);
    if (!remove && env_.clock.wall() - note.at < kUnusedNoteKept) co_return Result<void>();
    if (remove) {
        swept_.Increment();
        auto finishing = finish(remove, deadline);
        WARREN_CO_TRY_VOID(co_await std::move(finishing));
        if (remove->id == note.id) co_return Result<void>();
    }
    auto forgetting = env_.entries.forget_blanking(note.id, deadline);
    co_return co_await std::move(forgetting);
}

}  // namespace warren::chat
