#pragma once
#include <endian.h>

#include <array>
#include <atomic>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "model/time.hpp"

namespace warren {

/// An ObjectId: 12 bytes, written as 24 lower-case hex digits; the first four are seconds since the epoch, so
/// ids sort roughly by time. `Tag` keeps ids of different things apart. All zero means "none".
template <class Tag>
struct Id {
    std::array<std::uint8_t, 12> bytes{};

    /// By their bytes, which are compared as words: sorting ids does little else.
    friend std::strong_ordering operator<=>(const Id& a, const Id& b) {
        if (a.first() != b.first())
            return most_significant_first(a.first()) <=> most_significant_first(b.first());
        return most_significant_first(a.last()) <=> most_significant_first(b.last());
    }
    /// Two comparisons of words: maps of ids do little else. The last bytes first, in which ids differ.
    friend bool operator==(const Id& a, const Id& b) {
        return a.last() == b.last() && a.first() == b.first();
    }
    std::uint32_t first() const { return word<std::uint32_t>(0); }
    std::uint64_t last() const { return word<std::uint64_t>(4); }
    bool is_none() const { return *this == Id{}; }
    static constexpr std::size_t kHexSize = 24;
    std::string hex() const {
        std::string out;
        out.resize(kHexSize);
        write_hex(out.data());
        return out;
    }
    /// Writes kHexSize characters.
    void write_hex(char* out) const {
        constexpr std::string_view kDigits = "0123456789abcdef";
        for (const auto byte : bytes) {
            *out++ = kDigits[byte >> 4];
            *out++ = kDigits[byte & 15];
        }
    }
    /// Nothing unless `text` is 24 hex digits, lower case.
    static std::optional<Id> parse(std::string_view text) {
        if (text.size() != 24) return std::nullopt;
        Id id;
        for (std::size_t i = 0; i < 24; ++i) {
            const char c = text[i];
            const bool digit = c >= '0' && c <= '9';
            if (!digit && !(c >= 'a' && c <= 'f')) return std::nullopt;
            const auto value = static_cast<std::uint8_t>(digit ? c - '0' : c - 'a' + 10);
            id.bytes[i / 2] = static_cast<std::uint8_t>((id.bytes[i / 2] << 4) | value);
        }
        return id;
    }

private:
    template <class Word>
    Word word(std::size_t at) const {
        Word out;
        std::memcpy(&out, bytes.data() + at, sizeof out);
        return out;
    }
    static std::uint32_t most_significant_first(std::uint32_t word) { return be32toh(word); }
    static std::uint64_t most_significant_first(std::uint64_t word) { return be64toh(word); }
};

using ChannelId = Id<struct ChannelTag>;
using UserId = Id<struct UserTag>;
using EntryId = Id<struct EntryTag>;
using NodeId = Id<struct NodeTag>;

/// Makes ids that no other IdMaker makes: seconds, 5 bytes of `origin` (random, chosen once per process), and
/// a counter. Thread-safe. @see MongoDB manual, ObjectId
class IdMaker {
public:
    /// Only the low 40 bits of `origin` count.
    explicit IdMaker(std::uint64_t origin, std::uint32_t first = 0) : origin_(origin), counter_(first) {}

    template <class AnyId>
    AnyId make(WallTime now) {
        const auto seconds = static_cast<std::uint32_t>(
            std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
        const auto counter = counter_.fetch_add(1, std::memory_order_relaxed);
        AnyId id;
        for (std::size_t i = 0; i < 4; ++i)
            id.bytes[i] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
        for (std::size_t i = 0; i < 5; ++i)
            id.bytes[4 + i] = static_cast<std::uint8_t>(origin_ >> (32 - 8 * i));
        for (std::size_t i = 0; i < 3; ++i)
            id.bytes[9 + i] = static_cast<std::uint8_t>(counter >> (16 - 8 * i));
        return id;
    }

private:
    std::uint64_t origin_;
    std::atomic<std::uint32_t> counter_;
};

}  // namespace warren

template <class Tag>
struct std::hash<warren::Id<Tag>> {
    std::size_t operator()(const warren::Id<Tag>& id) const noexcept {
        // The last eight bytes hold the origin and the counter: what differs between ids. Mixed, since the
        // counter alone would fill neighbouring partitions first (splitmix64's finaliser).
        std::uint64_t x = id.last() ^ id.first();
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
        return static_cast<std::size_t>(x ^ (x >> 31));
    }
};
