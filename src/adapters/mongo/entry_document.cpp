#include "adapters/mongo/entry_document.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "model/entry_codec.hpp"
#include "ports/entry_words.hpp"

namespace warren::adapters::mongo {
namespace {

std::optional<EntryKind> kind_named(std::string_view name) {
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(EntryKind::channel); ++i) {
        if (name_of(static_cast<EntryKind>(i)) == name) return static_cast<EntryKind>(i);
    }
    return std::nullopt;
}

Error damaged(const Entry& entry) {
    log::error("mongodb_entry_damaged", {{"channel", entry.channel.hex()}, {"seq", entry.seq}});
    return {Errc::internal, "An entry could not be decoded."};
}

}  // namespace

Document words_of(const Entry& entry, WallTime searched_at) {
    Document out;
    List words;
    for (const auto& word : searched_words(entry))
        words.add(word);
    if (words.size() == 0) return out;
    out.add("words", words).add("wordsAt", searched_at).add("wordsSeq", searched_seq(entry));
    return out;
}

Result<Document> document_of(const Entry& entry, WallTime searched_at) {
    const std::array numbers{entry.seq, entry.count, entry.message_seq, entry.state_seq,
                             entry.prev_state_seq};
    const auto body = document_from_json(encode_body(entry.body));
    const bool fits = std::ranges::all_of(numbers, [](Seq n) { return n <= INT64_MAX; });
    if (!body || !fits) return Error(Errc::invalid, "The store cannot hold so large a number.");
    Document out;
    out.add("_id", entry.id).add("channelId", entry.channel).add("bucket", bucket_of(entry.seq));
    out.add("seq", entry.seq).add("kind", name_of(entry.kind())).add("senderId", entry.sender);
    out.add("nonce", entry.nonce).add("at", entry.at).add("count", entry.count);
    out.add("messageSeq", entry.message_seq).add("stateSeq", entry.state_seq);
    out.add("prevStateSeq", entry.prev_state_seq);
    if (entry.target() != 0) out.add("targetBucket", bucket_of(entry.target()));
    out.add("body", *body);
    bson_concat(out.get(), words_of(entry, searched_at).get());
    return out;
}

Result<EntryPtr> entry_of(const bson_t& document) {
    Fields in(document);
    auto entry = std::make_shared<Entry>();
    entry->id = in.id<EntryId>("_id");
    entry->channel = in.id<ChannelId>("channelId");
    entry->seq = in.number("seq");
    entry->sender = in.id<UserId>("senderId");
    entry->nonce = in.text("nonce");
    entry->at = in.time("at");
    entry->count = in.number("count");
    entry->message_seq = in.number("messageSeq");
    entry->state_seq = in.number("stateSeq");
    entry->prev_state_seq = in.number("prevStateSeq");
    const auto kind = kind_named(in.text("kind"));
    const auto stored = in.document("body");
    if (!in.ok() || !kind || entry->seq == 0) return damaged(*entry);
    auto body = decode_body(*kind, json_from_document(*stored.get()));
    if (!body) return damaged(*entry);
    entry->body = std::move(*body);
    return EntryPtr(std::move(entry));
}

}  // namespace warren::adapters::mongo
