#pragma once
#include <any>
#include <memory>
#include <utility>
#include <vector>

#include "chat/directory.hpp"
#include "model/entry.hpp"
#include "model/notice.hpp"

namespace warren::chat {

/// An entry on its way to connections, made once per node.
struct Push {
    EntryPtr entry;
    ChannelViewPtr view;  ///< For those whom the entry lets in: what they are shown instead; else null.
    /// What the gateway encoded, the first time it was asked to; chat does not look at it.
    mutable std::any encoded;
};
using PushPtr = std::shared_ptr<const Push>;

/// A notice on its way to connections, made once per node.
struct NoticePush {
    Notice notice;
    mutable std::any encoded;  ///< As Push::encoded.
};
using NoticePushPtr = std::shared_ptr<const NoticePush>;

/// A connection as chat sees it: implemented by the gateway, and by the simulation's clients. All calls come
/// on the chat executor, in an order that the client must see: what the gateway queues from within a call,
/// and from the coroutine that a Chat call resumes, leaves in that order.
class Subscriber {
public:
    virtual ~Subscriber() = default;
    virtual UserId user() const = 0;
    /// Queues the push. Must not block or suspend.
    virtual void push(const PushPtr& push) = 0;
    /// Queues what happens beside the logs. Must not block or suspend.
    virtual void notice(const NoticePushPtr& push) = 0;
    /// These channels (with their heads) may have missed something, and are silent until synced. Only for
    /// connections that have called sync.
    virtual void resync(const std::vector<std::pair<ChannelId, Seq>>& channels) = 0;
    /// Close the transport, so that the client comes back and reads anew. Chat forgets the subscriber at
    /// once.
    virtual void reconnect() = 0;
    /// The person signed out everywhere: end the connection for good.
    virtual void signed_out() = 0;
};

}  // namespace warren::chat
