#include "adapters/sqlite/word_index.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include "adapters/sqlite/word_list.hpp"
#include "ports/entry_words.hpp"

namespace warren::adapters::sqlite {
namespace {

/// A longer vocabulary is not kept, and its bucket is always opened: it would tell little, and each edit
/// would write all of it again.
constexpr std::size_t kVocabularyBytesMax = 128 * 1'024;

/// Lists made one.
class Vocabulary {
public:
    Vocabulary() = default;
    Vocabulary(const Vocabulary&) = delete;  // `known_` points into it.
    Vocabulary& operator=(const Vocabulary&) = delete;

    void add(std::string_view list) {
        for_each_word(list, [this](std::string_view word) {
            if (words_.size() > kVocabularyBytesMax || known_.contains(word)) return;
            add_word(words_, word);
            known_.insert({words_.size() - word.size() - 1, word.size()});
        });
    }
    /// Nothing where it is too long.
    std::optional<Blob> words() const {
        if (words_.size() > kVocabularyBytesMax) return std::nullopt;
        return Blob{words_};
    }

private:
    /// A word in `words_`, which grows.
    struct Place {
        std::size_t at;
        std::size_t size;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
        std::size_t operator()(const Place& place) const { return (*this)(in(*words, place)); }
        const std::string* words;
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const Place& a, const Place& b) const { return in(*words, a) == in(*words, b); }
        bool operator()(std::string_view a, const Place& b) const { return a == in(*words, b); }
        bool operator()(const Place& a, std::string_view b) const { return in(*words, a) == b; }
        const std::string* words;
    };
    static std::string_view in(const std::string& words, const Place& place) {
        return std::string_view(words).substr(place.at, place.size);
    }

    std::string words_;
    boost::unordered_flat_set<Place, Hash, Equal> known_{1'024, Hash{&words_}, Equal{&words_}};
};

/// Adds an edit's words to the vocabulary of a bucket, if it has one.
Result<void> add_to_vocabulary(Connection& connection, ChannelId channel, Bucket bucket,
                               std::string_view words) {
    std::string all;
    {
        auto row = connection.query("SELECT words FROM vocabularies WHERE channel = ? AND bucket = ?",
                                    channel, bucket);
        WARREN_TRY(found, row.step());
        if (!found || row.is_null(0)) return {};
        all = row.bytes(0);
    }
    const auto size = all.size();
    for_each_word(words, [&all](std::string_view word) {
        if (!WordPattern(word).is_in(all)) add_word(all, word);
    });
    if (all.size() == size) return {};
    std::optional<Blob> merged;
    if (all.size() <= kVocabularyBytesMax) merged = Blob{all};
    return connection
        .query("UPDATE vocabularies SET words = ? WHERE channel = ? AND bucket = ?", merged, channel, bucket)
        .run();
}

}  // namespace

std::optional<std::string> listed_words(const Entry& entry) {
    auto words = word_list(searched_words(entry));
    if (words.empty()) return std::nullopt;
    return words;
}

Result<bool> has_vocabulary(Connection& connection, ChannelId channel, Bucket bucket) {
    return connection.query("SELECT 1 FROM vocabularies WHERE channel = ? AND bucket = ?", channel, bucket)
        .step();
}

Result<void> write_vocabulary(Connection& connection, ChannelId channel, Bucket bucket) {
    Vocabulary vocabulary;
    auto newest = WallTime::min();
    auto oldest = WallTime::max();
    auto message = [&](Seq, WallTime at, std::string_view words) {
        newest = std::max(newest, at);
        oldest = std::min(oldest, at);
        vocabulary.add(words);
    };
    auto edit = [&](std::string_view words, const Statement&) { vocabulary.add(words); };
    WARREN_TRY_VOID(read_words(connection, channel, bucket, message, edit));
    if (newest < oldest) return {};  // Nothing but reactions and the like.
    return connection
        .query(
            "INSERT OR REPLACE INTO vocabularies (channel, bucket, newest, oldest, words) VALUES "
            "(?,?,?,?,?)",
            channel, bucket, newest, oldest, vocabulary.words())
        .run();
}

Result<void> index_words(Connection& connection, const Entry& entry,
                         const std::optional<std::string>& words) {
    const auto delay = vocabulary_delay(entry.channel);
    if (entry.seq > delay && (entry.seq - delay) % kBucketSize == 0)
        WARREN_TRY_VOID(write_vocabulary(connection, entry.channel, bucket_of(entry.seq - delay)));
    if (entry.target() == 0 || !words || bucket_of(entry.target()) == bucket_of(entry.seq)) return {};
    return add_to_vocabulary(connection, entry.channel, bucket_of(entry.target()), *words);
}

Result<void> forget_words(Connection& connection, ChannelId channel, Bucket bucket) {
    WARREN_TRY(found, has_vocabulary(connection, channel, bucket));
    if (!found) return {};
    return write_vocabulary(connection, channel, bucket);
}

}  // namespace warren::adapters::sqlite
