#pragma once
#include "gateway/call.hpp"

namespace warren::gateway {

// Each in a file of its name (on_message_new.cpp), but for two that differ in one call only.
extern const Verb kServerInfo;
extern const Verb kChannelsGet;
extern const Verb kMessageNew;
extern const Verb kMessageEdit;
extern const Verb kMessageDelete;
extern const Verb kMessageReact;
extern const Verb kGroupNew;
extern const Verb kGroupChat;
extern const Verb kGroupAdd;
extern const Verb kGroupRemove;
extern const Verb kGroupRole;
extern const Verb kGroupUpdate;
extern const Verb kGroupLeave;
extern const Verb kMessagesGet;
extern const Verb kChannelsList;
extern const Verb kMembersGet;
extern const Verb kSync;
extern const Verb kTyping;
extern const Verb kPresenceWatch;
extern const Verb kUserBlock;
extern const Verb kUserUnblock;
extern const Verb kUserBlocked;
extern const Verb kMessagesSearch;
extern const Verb kReceiptDelivered;
extern const Verb kReceiptRead;
extern const Verb kChannelState;

/// A nonce, or an empty string where there is none.
Result<std::string> read_nonce(const Payload& payload);

/// What a group's name is like; chat counts its characters.
TextRule group_name_rule(const chat::Limits& limits);

/// Queues the answer of a call that held pushes back, and lets them follow it: what its handler then returns
/// is of no consequence. The call goes on without having been suspended since chat made `data`.
void answer_held(Call& call, Result<std::string> data);

}  // namespace warren::gateway
