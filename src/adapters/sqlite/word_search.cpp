// Finding messages by their words: of each channel the lists of all words are walked down together.
#include <algorithm>
#include <deque>
#include <limits>

#include "adapters/sqlite/word_index.hpp"

namespace warren::adapters::sqlite {
namespace {

/// So many steps of one search: some 50 ms.
constexpr std::size_t kStepsMax = 20'000;
constexpr std::size_t kPrefixRowsAtOnce = 128;
/// Above every character.
constexpr const char* kPrefixEnd = "\xf4\x8f\xbf\xbf";

/// A place in one channel's lists.
struct Spot {
    WallTime at{};
    Seq seq = 0;
    friend auto operator<=>(const Spot&, const Spot&) = default;
};

constexpr Seq kSeqMax = static_cast<Seq>(std::numeric_limits<std::int64_t>::max());
constexpr Spot kNewest{WallTime::max(), kSeqMax};

/// The newest place in `channel` that comes before `before`.
Spot start_of(ChannelId channel, const std::optional<Hit>& before) {
    if (!before) return kNewest;
    const auto seq = std::min(before->seq, kSeqMax);
    return {before->at, channel < before->channel || seq == 0 ? seq : seq - 1};
}

/// The hits in one channel, newest first.
class ChannelSearch {
public:
    ChannelSearch(Connection& connection, ChannelId channel, const words::Needles& needles, Spot start)
        : connection_(&connection), channel_(channel), needles_(&needles), spot_(start) {}

    /// Moves on to the next hit, for at most `steps` steps, which it takes off.
    Result<void> advance(std::size_t& steps) {
        if (is_hit_) --spot_.seq;
        is_hit_ = false;
        return needles_->words.empty() ? advance_prefix(steps) : advance_words(steps);
    }

    /// Nothing is left.
    bool ended() const { return ended_; }
    /// Whether `place` is one; otherwise the steps ended there.
    bool is_hit() const { return is_hit_; }
    /// Nothing above this is left.
    Hit place() const { return {spot_.at, spot_.seq, channel_}; }

private:
    Result<void> advance_words(std::size_t& steps) {
        const auto& words = needles_->words;
        // How many of the words, the latest ones asked, are at `spot_`.
        std::size_t agree = 0;
        for (std::size_t i = 0; agree < words.size(); i = (i + 1) % words.size()) {
            if (steps == 0) return {};
            --steps;
            WARREN_TRY(found, newest_of(words[i]));
            if (!found) return end();
            agree = *found == spot_ ? agree + 1 : 1;
            spot_ = *found;
        }
        is_hit_ = true;
        return {};
    }

    Result<std::optional<Spot>> newest_of(const std::string& word) {
        auto row = connection_->query(
            "SELECT at, seq FROM words WHERE channel = ? AND word = ? AND (at, seq) <= (?, ?) ORDER BY at "
            "DESC, seq DESC LIMIT 1",
            channel_, word, spot_.at, spot_.seq);
        WARREN_TRY(found, row.step());
        if (!found) return std::optional<Spot>();
        return std::optional(Spot{row.time(0), row.number(1)});
    }

    // The words with a prefix are many short lists, which are read together, some of their rows at a time.
    Result<void> advance_prefix(std::size_t& steps) {
        if (ahead_.empty()) WARREN_TRY_VOID(read_ahead(steps));
        if (ahead_.empty()) return steps == 0 ? Result<void>() : end();
        spot_ = ahead_.front();
        ahead_.pop_front();
        is_hit_ = true;
        return {};
    }

    Result<void> read_ahead(std::size_t& steps) {
        if (steps == 0) return {};
        auto rows = connection_->query(
            "SELECT DISTINCT at, seq FROM words WHERE channel = ? AND word >= ? AND word < ? AND (at, seq) "
            "<= (?, ?) ORDER BY at DESC, seq DESC LIMIT ?",
            channel_, needles_->prefix, needles_->prefix + kPrefixEnd, spot_.at, spot_.seq,
            kPrefixRowsAtOnce);
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) return {};
            ahead_.push_back({rows.time(0), rows.number(1)});
            steps -= std::min<std::size_t>(steps, 1);
        }
    }

    Result<void> end() {
        ended_ = true;
        return {};
    }

    Connection* connection_;
    ChannelId channel_;
    const words::Needles* needles_;
    Spot spot_;
    std::deque<Spot> ahead_;
    bool is_hit_ = false;
    bool ended_ = false;
};

/// Where to go on so that nothing from `left` down is passed over, and nothing from `last` up repeated.
Hit resume(const Hit& left, const std::vector<Hit>& given) {
    const Hit above{left.at, left.seq + 1, {}};
    return given.empty() ? above : std::min(given.back(), above);
}

}  // namespace

Result<Hits> search_words(Connection& connection, const std::vector<ChannelId>& channels,
                          const words::Needles& needles, const std::optional<Hit>& before,
                          std::size_t limit) {
    std::size_t steps = kStepsMax;
    std::vector<ChannelSearch> searches;
    for (const auto& channel : channels) {
        auto& search = searches.emplace_back(connection, channel, needles, start_of(channel, before));
        WARREN_TRY_VOID(search.advance(steps));
    }
    Hits out;
    for (;;) {
        std::erase_if(searches, [](const auto& search) { return search.ended(); });
        if (searches.empty()) return out;
        auto& newest = *std::max_element(searches.begin(), searches.end(),
                                         [](const auto& a, const auto& b) { return a.place() < b.place(); });
        if (!newest.is_hit() || out.hits.size() == limit) {
            out.more = resume(newest.place(), out.hits);
            return out;
        }
        out.hits.push_back(newest.place());
        WARREN_TRY_VOID(newest.advance(steps));
    }
}

}  // namespace warren::adapters::sqlite
