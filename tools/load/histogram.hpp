#pragma once
#include <bit>
#include <cstdint>
#include <vector>

namespace warren::load {

/// Counts values in log-linear buckets, 64 to each power of two: a percentile is at most 1.6 % too high and
/// never too low. Grows with the greatest value, to 30 KB at most. Not thread-safe.
class Histogram {
public:
    void record(std::uint64_t value) {
        const auto at = bucket_of(value);
        if (at >= counts_.size()) counts_.resize(at + 1);
        ++counts_[at];
        ++count_;
        sum_ += static_cast<double>(value);
        if (value > max_) max_ = value;
    }
    std::uint64_t count() const { return count_; }
    std::uint64_t max() const { return max_; }
    double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
    /// The least value that `percent` of those recorded do not exceed; 0 without any.
    std::uint64_t percentile(double percent) const {
        const auto wanted = percent / 100 * static_cast<double>(count_);
        std::uint64_t seen = 0;
        for (std::size_t at = 0; at < counts_.size(); ++at) {
            seen += counts_[at];
            if (counts_[at] > 0 && static_cast<double>(seen) >= wanted) return std::min(max_, upper_of(at));
        }
        return max_;
    }

private:
    static constexpr int kBits = 6;
    static std::size_t bucket_of(std::uint64_t value) {
        const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kBits - 1);
        return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
    }
    static std::uint64_t upper_of(std::size_t at) {
        const auto shift = at < (2U << kBits) ? 0 : (at >> kBits) - 1;
        return ((at - (shift << kBits) + 1) << shift) - 1;
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0, max_ = 0;
    double sum_ = 0;
};

}  // namespace warren::load
