#include "adapters/sqlite/word_index.hpp"

#include <unordered_set>

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
    void add(std::string_view list) {
        for_each_word(list, [this](std::string_view word) {
            if (words_.size() > kVocabularyBytesMax) return;
            if (known_.contains(word)) return;
            known_.emplace(word);
            add_word(words_, word);
        });
    }
    /// Nothing where it is too long.
    std::optional<Blob> words() const {
        if (words_.size() > kVocabularyBytesMax) return std::nullopt;
        return Blob{words_};
    }

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_set<std::string, Hash, std::equal_to<>> known_;
    std::string words_;
};

/// Adds an edit's words to the vocabulary of a bucket that is full.
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
    const auto bucket = bucket_of(entry.seq);
    if (entry.seq == last_seq_of(bucket))
        WARREN_TRY_VOID(write_vocabulary(connection, entry.channel, bucket));
    if (entry.target() == 0 || !words || bucket_of(entry.target()) == bucket) return {};
    return add_to_vocabulary(connection, entry.channel, bucket_of(entry.target()), *words);
}

Result<void> forget_words(Connection& connection, ChannelId channel, Bucket bucket) {
    {
        auto row =
            connection.query("SELECT 1 FROM vocabularies WHERE channel = ? AND bucket = ?", channel, bucket);
        WARREN_TRY(found, row.step());
        if (!found) return {};
    }
    return write_vocabulary(connection, channel, bucket);
}

}  // namespace warren::adapters::sqlite
