#include "chat/receipts.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <set>

#include "base/oneshot.hpp"
#include "chat/checks.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kRowsPerBatch = 200;

Error nothing_there(Seq seq) {
    return {Errc::invalid, "The channel has nothing with the seq " + std::to_string(seq) + "."};
}

/// Leaves out what is so already.
void keep_changes_only(MemberUpdate& update, const MemberSettings& settings) {
    if (update.muted == settings.muted) update.muted.reset();
    if (update.pinned == settings.pinned) update.pinned.reset();
    if (update.archived == settings.archived) update.archived.reset();
    if (update.notify == settings.notify) update.notify.reset();
    if (update.unread == settings.unread) update.unread.reset();
}

}  // namespace

struct Receipts::Request {
    MemberKey key;
    Seq delivered = 0;
    Seq read = 0;
    SettingsChange change;
    std::optional<Result<OwnState>> refused;
    Oneshot<Result<OwnState>> answer;

    /// The greatest seq that it speaks of.
    Seq seq() const { return std::max({delivered, read, change.unread_from.value_or(0)}); }
};

/// All requests of one person in one channel.
struct Receipts::Row {
    std::vector<RequestPtr> requests;  ///< Those not refused, in the order of their coming.
    EntryPtr head;
    MembershipPtr members;
    Seq joined_at = 0;
    std::uint64_t joined = 0;  ///< The count at `joined_at`, where it matters, or where the log begins.
    MemberState before;
    MemberState after;
    MemberUpdate update;
};

struct Receipts::Batch {
    std::vector<RequestPtr> requests;
    std::map<MemberKey, Row> rows;
    std::map<Place, EntryPtr> entries;

    const Entry* at(ChannelId channel, Seq seq) const {
        const auto found = entries.find({channel, seq});
        return found == entries.end() ? nullptr : found->second.get();
    }
    void refuse(Row& row, const Error& why) {
        for (auto& request : row.requests)
            request->refused = why;
        row.requests.clear();
    }
};

Receipts::Receipts(asio::any_io_executor executor, Environment& env, Memberships& memberships, Blocks& blocks,
                   Delivery& delivery)
    : executor_(std::move(executor)),
      env_(env),
      memberships_(memberships),
      blocks_(blocks),
      delivery_(delivery),
      batches_(env.metrics.counter("warren_receipt_batches_total",
                                   "Times that receipts and settings were stored, many at once.")) {}

Receipts::~Receipts() {
    for (auto& request : queue_)
        request->answer.set(Error(Errc::unavailable));
}

Task<Result<OwnState>> Receipts::receive(UserId user, ChannelId channel, ReceiptKind kind, Seq seq) {
    auto request = std::make_shared<Request>();
    request->key = {channel, user};
    request->delivered = seq;
    if (kind == ReceiptKind::read) request->read = seq;
    auto waiting = enqueue(std::move(request));
    co_return co_await std::move(waiting);
}

Task<Result<OwnState>> Receipts::set(UserId user, ChannelId channel, SettingsChange change) {
    auto request = std::make_shared<Request>();
    request->key = {channel, user};
    request->change = change;
    auto waiting = enqueue(std::move(request));
    co_return co_await std::move(waiting);
}

Task<Result<OwnState>> Receipts::enqueue(RequestPtr request) {
    if (queue_.size() >= env_.limits.receipts_waiting_max) co_return Error(Errc::overloaded);
    auto answered = request->answer.wait();
    queue_.push_back(std::move(request));
    if (!running_) {
        running_ = true;
        // Not at once: with stores that never suspend this call would be answered before it waits.
        auto start = [this] { spawn(executor_, "receipts", run()); };
        asio::post(executor_, std::move(start));
    }
    co_return co_await std::move(answered);
}

Task<void> Receipts::run() {
    while (!queue_.empty()) {
        auto pause = env_.clock.sleep_until(env_.clock.now() + env_.limits.receipt_delay);
        co_await std::move(pause);
        auto batch = take_batch();
        batches_.Increment();
        auto working = work(batch, env_.clock.in(env_.limits.store_timeout));
        const auto done = co_await std::move(working);
        for (auto& request : batch.requests) {
            const auto& row = batch.rows.at(request->key);
            if (request->refused) {
                request->answer.set(*request->refused);
            } else if (done.has_error()) {
                request->answer.set(done.error());
            } else {
                request->answer.set(own_of(row.after, row.joined));
            }
        }
        if (done.has_error()) continue;
        for (const auto& [key, row] : batch.rows) {
            auto telling = tell(row, batch);
            co_await std::move(telling);
        }
    }
    running_ = false;
}

Receipts::Batch Receipts::take_batch() {
    Batch batch;
    while (!queue_.empty() && batch.rows.size() < kRowsPerBatch) {
        auto request = std::move(queue_.front());
        queue_.pop_front();
        batch.rows[request->key].requests.push_back(request);
        batch.requests.push_back(std::move(request));
    }
    return batch;
}

Task<Result<void>> Receipts::work(Batch& batch, Deadline deadline) {
    auto admitting = admit(batch, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(admitting));
    std::vector<MemberKey> keys;
    for (const auto& [key, row] : batch.rows)
        if (!row.requests.empty()) keys.push_back(key);
    if (keys.empty()) co_return Result<void>();
    auto finding = env_.members.at(std::move(keys), deadline);
    WARREN_CO_TRY(states, co_await std::move(finding));
    for (const auto& state : states)
        batch.rows.at(state.key).before = state;
    auto reading = read_entries(batch, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(reading));
    auto storing = store(batch, deadline);
    co_return co_await std::move(storing);
}

/// Refuses whom it does not concern, and what does not exist.
Task<Result<void>> Receipts::admit(Batch& batch, Deadline deadline) {
    std::vector<ChannelId> channels;
    for (const auto& [key, row] : batch.rows)
        if (channels.empty() || channels.back() != key.channel) channels.push_back(key.channel);
    auto reading = env_.channels.now(channels, env_.entries, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    for (auto& [key, row] : batch.rows) {
        row.before.key = key;
        const auto at = std::lower_bound(channels.begin(), channels.end(), key.channel) - channels.begin();
        const auto& channel = found[static_cast<std::size_t>(at)];
        row.head = channel.head;
        if (row.head) {
            auto finding = memberships_.as_of(key.channel, row.head->state_seq, deadline);
            WARREN_CO_TRY(members, co_await std::move(finding));
            row.members = std::move(members);
        }
        const auto* standing = row.members ? row.members->find(key.user) : nullptr;
        if (!standing) {
            batch.refuse(row, no_such_channel());
            continue;
        }
        row.joined_at = standing->from;
        row.joined = channel.document.start.count_before;
        for (auto& request : row.requests) {
            if (request->seq() <= row.head->seq) continue;
            // A head below what was shown here is an old one, and says nothing.
            const bool stale = row.head->seq < delivery_.shown(key.channel);
            request->refused = stale ? Error(Errc::unavailable) : nothing_there(request->seq());
        }
        std::erase_if(row.requests, [](const auto& request) { return request->refused.has_value(); });
    }
    co_return Result<void>();
}

/// Reads what the requests point at, but for heads, which are there already.
Task<Result<void>> Receipts::read_entries(Batch& batch, Deadline deadline) {
    std::set<Place> places;
    for (auto& [key, row] : batch.rows) {
        if (row.requests.empty()) continue;
        batch.entries[{key.channel, row.head->seq}] = row.head;
        for (const auto& request : row.requests) {
            if (request->seq() != 0) places.insert({key.channel, request->seq()});
        }
        const auto marks = [](const auto& request) { return request->change.unread_from.has_value(); };
        const bool may_need = std::any_of(row.requests.begin(), row.requests.end(), marks) ||
                              needs_joined(row.before, row.joined_at);
        if (may_need) places.insert({key.channel, row.joined_at});
    }
    std::vector<Place> wanted;
    for (const auto& place : places)
        if (!batch.entries.contains(place)) wanted.push_back(place);
    if (wanted.empty()) co_return Result<void>();
    auto reading = env_.entries.at(std::move(wanted), deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    for (auto& entry : found)
        batch.entries[{entry->channel, entry->seq}] = entry;
    co_return Result<void>();
}

void Receipts::settle(Row& row, const Batch& batch) {
    auto& update = row.update;
    update.key = row.before.key;
    for (auto& request : row.requests) {
        const auto& change = request->change;
        const auto* entry = request->seq() == 0 ? nullptr : batch.at(update.key.channel, request->seq());
        if (!entry && request->seq() != 0) {
            request->refused = nothing_there(request->seq());
            continue;
        }
        auto& mark = update.watermark;
        mark.delivered = std::max(mark.delivered, request->delivered);
        if (request->read != 0) {
            mark.read = std::max(mark.read, request->read);
            mark.read_count = std::max(mark.read_count, entry->count);
            update.unread = UnreadMark{};
        }
        if (change.muted) update.muted = change.muted;
        if (change.pinned) update.pinned = change.pinned;
        if (change.archived) update.archived = change.archived;
        if (change.notify) update.notify = change.notify;
        if (change.unread_from) {
            update.unread = entry ? UnreadMark{entry->seq, count_before(*entry)} : UnreadMark{};
        }
    }
    keep_changes_only(update, row.before.settings);
    row.after = apply(row.before, update);
    if (const auto* joined = batch.at(update.key.channel, row.joined_at))
        row.joined = std::max(row.joined, joined->count);
}

Task<Result<void>> Receipts::store(Batch& batch, Deadline deadline) {
    std::vector<MemberUpdate> updates;
    std::vector<MemberKey> to_read;
    for (auto& [key, row] : batch.rows) {
        settle(row, batch);
        if (row.after == row.before) continue;
        updates.push_back(row.update);
        if (row.update.changes_settings()) to_read.push_back(key);
    }
    if (updates.empty()) co_return Result<void>();
    auto merging = env_.members.merge(std::move(updates), deadline);
    WARREN_CO_TRY_VOID(co_await std::move(merging));
    if (to_read.empty()) co_return Result<void>();
    // The revision is the store's: somebody else may have changed the same row on another node.
    auto finding = env_.members.at(std::move(to_read), deadline);
    WARREN_CO_TRY(states, co_await std::move(finding));
    for (const auto& state : states)
        batch.rows.at(state.key).after = state;
    co_return Result<void>();
}

Task<void> Receipts::tell(const Row& row, const Batch& batch) {
    const auto& [channel, user] = row.before.key;
    if (row.update.changes_settings()) {
        const auto own = own_of(row.after, row.joined);
        tell(StateNotice{channel, user, own.settings, own.read_count}, {user});
    }
    const auto& mark = row.update.watermark;
    ReceiptNotice notice{channel, user};
    if (mark.delivered > row.before.watermark.delivered) notice.delivered = mark.delivered;
    if (mark.read > row.before.watermark.read) notice.read = mark.read;
    if (notice.delivered == 0 && notice.read == 0) co_return;
    auto finding = readers_of(row, batch);
    const auto readers = co_await std::move(finding);
    tell(notice, readers);
}

/// Who is told of a receipt: the members of a small channel (of two, not whom the reader has blocked); of a
/// large one the reader's own devices and whoever wrote what was received.
Task<std::vector<UserId>> Receipts::readers_of(const Row& row, const Batch& batch) {
    const auto& [channel, user] = row.before.key;
    std::vector<UserId> out{user};
    if (is_small(row.members->members.size())) {
        for (const auto& standing : row.members->members) {
            if (standing.user == user) continue;
            if (!row.members->is_group) {
                auto asking = blocks_.blocks(user, standing.user);
                const bool blocked = co_await std::move(asking);
                if (blocked) continue;
            }
            out.push_back(standing.user);
        }
        co_return out;
    }
    for (const Seq seq : {row.update.watermark.delivered, row.update.watermark.read}) {
        const auto* entry = batch.at(channel, seq);
        if (entry && entry->is_message() && std::find(out.begin(), out.end(), entry->sender) == out.end())
            out.push_back(entry->sender);
    }
    co_return out;
}

void Receipts::tell(Notice notice, std::vector<UserId> to) {
    std::vector<BusKey> keys(to.begin(), to.end());
    delivery_.notify(std::move(notice), std::move(keys), std::move(to));
}

}  // namespace warren::chat
