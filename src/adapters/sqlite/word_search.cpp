// Finding messages by their words: buckets are looked at in the order of their newest message, over all
// channels together, and opened where their vocabulary has what is looked for. A hit is given once no bucket
// that is left can hold a newer one.
#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <map>
#include <set>

#include "adapters/sqlite/word_index.hpp"
#include "adapters/sqlite/word_list.hpp"
#include "model/entry_codec.hpp"

namespace warren::adapters::sqlite {
namespace {

/// The work of one search, counted in bytes of words looked at: some 50 ms.
constexpr std::size_t kWorkMax = std::size_t{32} << 20;
/// What reading a row costs beside.
constexpr std::size_t kWorkOfRow = 500;
constexpr int kBucketsReadAhead = 64;

constexpr auto kNumberMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// Above every hit in a bucket, and in those that come after it in the order of (newest, bucket).
Hit ceiling_of(ChannelId channel, WallTime newest, Bucket bucket) {
    return {newest, last_seq_of(bucket), channel};
}

class Search {
public:
    Search(Connection& connection, const words::Needles& needles, const std::optional<Hit>& before,
           std::size_t limit)
        : connection_(connection), pattern_(needles), before_(before), limit_(limit) {}

    /// A bucket whose vocabulary is still to be written is opened: the newest, and for a while that before.
    Result<void> add(ChannelId channel) {
        WARREN_TRY(head, head_of(channel));
        if (head == 0) return {};
        const auto newest = bucket_of(head);
        WARREN_TRY_VOID(open_unlisted(channel, newest));
        if (newest > 0) WARREN_TRY_VOID(open_unlisted(channel, newest - 1));
        return wait({WallTime::max(), kNumberMax, channel}, {});
    }

    Result<Hits> run() {
        Hits out;
        for (;;) {
            give(out.hits);
            if (waiting_.empty() && found_.empty()) return out;
            const auto more = resume(out.hits);
            const bool is_further = waiting_.empty() || !before_ || more < *before_;
            // What an earlier page looked at already does not count: each comes as far again.
            if (!is_further) work_ = 0;
            if (is_further && (out.hits.size() == limit_ || work_ >= kWorkMax)) {
                out.more = more;
                return out;
            }
            WARREN_TRY_VOID(look_at_next());
        }
    }

private:
    /// Ceilings of buckets of one channel, the greatest last.
    using Buckets = std::vector<Hit>;

    Result<Seq> head_of(ChannelId channel) {
        auto row =
            connection_.query("SELECT seq FROM entries WHERE channel = ? ORDER BY seq DESC LIMIT 1", channel);
        WARREN_TRY(found, row.step());
        return found ? row.number(0) : Seq{0};
    }

    Result<void> open_unlisted(ChannelId channel, Bucket bucket) {
        WARREN_TRY(listed, has_vocabulary(connection_, channel, bucket));
        if (listed) return {};
        return open(channel, bucket);
    }

    /// Nothing that is still to be found is above it.
    Hit ceiling() const {
        if (waiting_.empty()) return *found_.rbegin();
        const auto& waiting = waiting_.rbegin()->first;
        return found_.empty() ? waiting : std::max(waiting, *found_.rbegin());
    }

    void give(std::vector<Hit>& hits) {
        while (hits.size() < limit_ && !found_.empty() && ceiling() == *found_.rbegin())
            hits.push_back(found_.extract(std::prev(found_.end())).value());
    }

    /// Where to go on so that nothing from the ceiling down is passed over, and nothing given is repeated.
    Hit resume(const std::vector<Hit>& given) const {
        const Hit above{ceiling().at, ceiling().seq + 1, {}};
        return given.empty() ? above : std::min(given.back(), above);
    }

    Result<void> look_at_next() {
        auto next = waiting_.extract(std::prev(waiting_.end()));
        const auto at = next.key();
        WARREN_TRY(may_have, vocabulary_may_have(at.channel, bucket_of(at.seq)));
        if (may_have) WARREN_TRY_VOID(open(at.channel, bucket_of(at.seq)));
        return wait(at, std::move(next.mapped()));
    }

    /// Has the first of `buckets` wait, or of those that are read now: those after `last`.
    Result<void> wait(const Hit& last, Buckets buckets) {
        if (buckets.empty()) WARREN_TRY_VOID(read_ahead(last, buckets));
        if (buckets.empty()) return {};
        const auto next = buckets.back();
        buckets.pop_back();
        waiting_.emplace(next, std::move(buckets));
        return {};
    }

    /// Buckets of which all is above `before` are left out.
    Result<void> read_ahead(const Hit& last, Buckets& buckets) {
        const auto before = before_.value_or(Hit{WallTime::max(), kNumberMax, {}});
        auto rows = connection_.query(
            "SELECT newest, bucket FROM vocabularies INDEXED BY vocabularies_by_time WHERE channel = ? AND "
            "(newest, bucket) < (?, ?) AND (oldest, bucket) <= (?, ?) ORDER BY newest DESC, bucket DESC "
            "LIMIT ?",
            last.channel, last.at, bucket_of(last.seq), before.at,
            bucket_of(std::clamp<Seq>(before.seq, 1, kNumberMax)), kBucketsReadAhead);
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) break;
            buckets.push_back(ceiling_of(last.channel, rows.time(0), rows.number(1)));
        }
        std::reverse(buckets.begin(), buckets.end());
        return {};
    }

    Result<bool> vocabulary_may_have(ChannelId channel, Bucket bucket) {
        auto row = connection_.query("SELECT words FROM vocabularies WHERE channel = ? AND bucket = ?",
                                     channel, bucket);
        WARREN_TRY_VOID(row.step());
        const auto words = row.bytes(0);
        count(words);
        return row.is_null(0) || pattern_.is_in(words);
    }

    /// Finds the messages of the bucket of which one entry, itself or an edit, has the words.
    Result<void> open(ChannelId channel, Bucket bucket) {
        std::array<std::optional<WallTime>, kBucketSize> times;
        std::bitset<kBucketSize> has;
        auto message = [&](Seq seq, WallTime at, std::string_view words) {
            count(words);
            const auto place = seq - first_seq_of(bucket);
            times[place] = at;
            has[place] = pattern_.is_in(words);
        };
        auto edit = [&](std::string_view words, const Statement& row) {
            count(words);
            if (!pattern_.is_in(words)) return;
            const auto body = decode_body(EntryKind::edit, row.text(1));
            if (body) has.set((target_of(*body) - first_seq_of(bucket)) % kBucketSize);
        };
        WARREN_TRY_VOID(read_words(connection_, channel, bucket, message, edit));
        for (std::size_t place = 0; place < kBucketSize; ++place) {
            if (has[place] && times[place]) find({*times[place], first_seq_of(bucket) + place, channel});
        }
        return {};
    }

    void find(const Hit& hit) {
        if (before_ && hit >= *before_) return;
        found_.insert(hit);
        // One more than is given says that there is more.
        if (found_.size() > limit_ + 1) found_.erase(found_.begin());
    }

    void count(std::string_view words) { work_ += words.size() + kWorkOfRow; }

    Connection& connection_;
    const WordPattern pattern_;
    const std::optional<Hit> before_;
    const std::size_t limit_;
    std::size_t work_ = 0;
    /// Of each channel the bucket that comes next, and those after it.
    std::map<Hit, Buckets> waiting_;
    std::set<Hit> found_;
};

}  // namespace

Result<Hits> search_words(Connection& connection, const std::vector<ChannelId>& channels,
                          const words::Needles& needles, const std::optional<Hit>& before,
                          std::size_t limit) {
    Search search(connection, needles, before, limit);
    for (const auto& channel : channels)
        WARREN_TRY_VOID(search.add(channel));
    return search.run();
}

}  // namespace warren::adapters::sqlite
