#include "chat/targets.hpp"

namespace warren::chat {

Seq message_named_by(const EntryBody& body) {
    if (const auto* message = std::get_if<MessageBody>(&body)) return message->reply_to;
    return target_of(body);
}

void Targets::want(const EntryBody& body, Seq head) {
    const Seq named = message_named_by(body);
    if (named == 0 || named > head) return;
    named_.insert(named);
    if (target_of(body) != 0) changed_.insert(bucket_of(named));
}

Task<Result<void>> Targets::read(EntryStore& store, ChannelId channel, Deadline deadline) {
    if (named_.empty()) co_return Result<void>();
    std::vector<Place> places;
    for (const auto seq : named_)
        places.push_back({channel, seq});
    auto reading = store.at(std::move(places), deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    for (const auto& entry : found) {
        if (entry->is_message()) messages_.emplace(entry->seq, MessageState(entry));
    }
    for (const auto bucket : changed_) {
        auto asking = store.targeting(channel, bucket, 0, deadline);
        WARREN_CO_TRY(changes, co_await std::move(asking));
        for (const auto& change : changes) {
            const auto message = messages_.find(change->target());
            if (message != messages_.end()) message->second.apply(*change);
        }
    }
    co_return Result<void>();
}

const MessageState* Targets::of(const EntryBody& body) const {
    const auto message = messages_.find(message_named_by(body));
    return message == messages_.end() ? nullptr : &message->second;
}

void Targets::apply(Seq seq, UserId sender, const EntryBody& body) {
    const auto message = messages_.find(target_of(body));
    if (message == messages_.end()) return;
    Entry change;
    change.seq = seq;
    change.sender = sender;
    change.body = body;
    message->second.apply(change);
}

}  // namespace warren::chat
