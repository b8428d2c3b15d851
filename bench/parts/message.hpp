#pragma once
#include "model/entry.hpp"
#include "model/ids.hpp"

namespace warren::bench {

inline IdMaker ids{42};

/// A message of `bytes` of text, as chat would append it.
inline EntryPtr make_message(ChannelId channel, Seq seq, UserId sender, std::size_t bytes) {
    Entry entry;
    const WallTime now = std::chrono::floor<WallTime::duration>(std::chrono::system_clock::now());
    entry.channel = channel;
    entry.seq = seq;
    entry.id = ids.make<EntryId>(now);
    entry.sender = sender;
    entry.nonce = entry.id.hex();
    entry.at = now;
    entry.count = seq;
    entry.message_seq = seq;
    entry.state_seq = 1;
    MessageBody body;
    body.text = std::string(bytes, 'x');
    entry.body = std::move(body);
    return std::make_shared<const Entry>(std::move(entry));
}

}  // namespace warren::bench
