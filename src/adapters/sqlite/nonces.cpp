#include "adapters/sqlite/nonces.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace warren::adapters::sqlite {
namespace {

/// For each that is added; rows that are next to each other, of which a page has some two hundred.
constexpr std::size_t kDeletedForEach = 4;

constexpr auto by_hash = [](const auto& a, const auto& b) { return a.hash < b.hash; };

NonceHash hash_of(std::string_view channel, std::string_view sender, std::string_view nonce) {
    return static_cast<NonceHash>(digest64({channel, sender, nonce}));
}

template <class AnyId>
std::string_view bytes_of(const AnyId& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

std::string_view bytes_of(sqlite3_value* value) {
    const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
    return {data, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

}  // namespace

NonceHash nonce_hash(ChannelId channel, UserId sender, std::string_view nonce) {
    return hash_of(bytes_of(channel), bytes_of(sender), nonce);
}

template <class F>
void Nonces::for_each_new(NonceHash hash, F f) const {
    const auto [first, last] = new_.equal_range(hash);
    for (auto at = first; at != last; ++at)
        f(at->second);
    const auto moving = std::equal_range(moving_.begin(), moving_.end(), New{hash, 0, 0}, by_hash);
    for (auto at = moving.first; at != moving.second; ++at)
        f(*at);
}

Result<std::vector<Nonces::Found>> Nonces::find(Connection& connection,
                                                const std::vector<NonceHash>& hashes) const {
    std::vector<Found> out;
    {
        // Before the transaction fixes the state that it sees: what has left memory by now is in that state.
        const std::lock_guard lock(mutex_);
        for (std::size_t which = 0; which < hashes.size(); ++which) {
            for_each_new(hashes[which], [&](const New& one) { out.push_back({which, one.seq}); });
        }
    }
    for (std::size_t which = 0; which < hashes.size(); ++which) {
        auto rows = connection.query("SELECT seq FROM nonces WHERE hash = ?", hashes[which]);
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) break;
            out.push_back({which, rows.number(0)});
        }
    }
    return out;
}

Result<void> Nonces::add(Connection& connection, NonceHash hash, Seq seq) {
    const auto number = next_number_++;
    ++added_;
    WARREN_TRY_VOID(
        connection.query("INSERT INTO new_nonces (number, hash, seq) VALUES (?, ?, ?)", number, hash, seq)
            .run());
    const std::lock_guard lock(mutex_);
    new_.emplace(hash, New{hash, seq, number});
    return {};
}

Result<void> Nonces::remove(Connection& connection, NonceHash hash, Seq seq) {
    std::vector<std::int64_t> numbers;
    {
        const std::lock_guard lock(mutex_);
        for_each_new(hash, [&](const New& one) {
            if (one.seq == seq) numbers.push_back(one.number);
        });
    }
    // It stays in memory, in case the transaction fails; its row, which is what is moved, is gone.
    for (const auto number : numbers)
        WARREN_TRY_VOID(connection.query("DELETE FROM new_nonces WHERE number = ?", number).run());
    return connection.query("DELETE FROM nonces WHERE hash = ? AND seq = ?", hash, seq).run();
}

Result<void> Nonces::move_some(Connection& connection) {
    const auto added = std::exchange(added_, 0);
    if (remaining_from_ < remaining_to_) {
        const auto end = std::min<std::int64_t>(
            remaining_to_, remaining_from_ + static_cast<std::int64_t>(kDeletedForEach * added));
        WARREN_TRY_VOID(connection
                            .query("DELETE FROM new_nonces WHERE number >= ? AND number < ?",
                                   std::exchange(remaining_from_, end), end)
                            .run());
    }
    if (moving_.empty()) {
        if (new_.size() < moved_at_once_) return {};
        const std::lock_guard lock(mutex_);
        moving_.reserve(new_.size());
        for (const auto& [hash, one] : new_)
            moving_.push_back(one);
        new_.clear();
        std::sort(moving_.begin(), moving_.end(), by_hash);
    }
    const auto end = std::min(moving_.size(), moved_ + added);
    for (; moved_ < end; ++moved_) {
        WARREN_TRY_VOID(
            connection
                .query("INSERT OR IGNORE INTO nonces SELECT hash, seq FROM new_nonces WHERE number = ?",
                       moving_[moved_].number)
                .run());
    }
    return {};
}

void Nonces::committed() {
    if (moving_.empty() || moved_ < moving_.size()) return;
    const std::lock_guard lock(mutex_);
    for (const auto& one : moving_)
        remaining_to_ = std::max(remaining_to_, one.number + 1);
    moving_.clear();
    moving_.shrink_to_fit();
    moved_ = 0;
}

void Nonces::clear() {
    const std::lock_guard lock(mutex_);
    new_.clear();
    moving_.clear();
    added_ = moved_ = 0;
    remaining_from_ = remaining_to_ = next_number_;
}

Result<void> settle_nonces(Connection& connection) {
    return connection.run_script(
        "BEGIN IMMEDIATE; INSERT OR IGNORE INTO nonces SELECT hash, seq FROM new_nonces ORDER BY hash, seq; "
        "DELETE FROM new_nonces; COMMIT");
}

Result<void> define_nonce_hash(Connection& connection) {
    auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
        sqlite3_result_int64(context, hash_of(bytes_of(values[0]), bytes_of(values[1]), bytes_of(values[2])));
    };
    const int code =
        sqlite3_create_function(connection.handle(), "nonce_hash", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                nullptr, call, nullptr, nullptr);
    if (code != SQLITE_OK) return connection.note(code);
    return {};
}

}  // namespace warren::adapters::sqlite
