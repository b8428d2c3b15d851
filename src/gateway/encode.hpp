#pragma once
#include <string>

#include "chat/chat.hpp"
#include "gateway/json_writer.hpp"

namespace warren::gateway {

/// How much of a person others are shown: e-mail and phone number only where the contract has always had
/// them. @see docs/protocol.md
enum class PersonDetail : std::size_t { with_contact, name_only };

/// A message as it is now, all fields that it has. @see docs/protocol.md#messages
void write_message(JsonWriter& out, const chat::FoldedMessage& message);
/// Any entry as it stands in the log. @see docs/protocol.md#entries
void write_entry(JsonWriter& out, const Entry& entry);
void write_member(JsonWriter& out, const chat::MemberView& member, PersonDetail detail);
/// The field `peer`: whom a one-to-one chat is with.
void write_peer(JsonWriter& out, const User& peer);
/// The fields of a channel, but for its members, into an object that the caller has begun.
void write_channel_summary(JsonWriter& out, const Channel& channel, const Entry* head);
/// The same and its members.
void write_channel_fields(JsonWriter& out, const chat::ChannelView& view, const Entry* head,
                          PersonDetail detail);
/// What its members take of that, about.
std::size_t members_bytes(const chat::ChannelView& view);

std::string_view name_of(NotifyLevel level);
/// What somebody has set for themselves, into an object that the caller has begun.
void write_settings(JsonWriter& out, const MemberSettings& settings, std::uint64_t read_count);
/// `unread`, `state` and `watermarks`, into an object that the caller has begun.
void write_marks(JsonWriter& out, const chat::ChannelMarks& marks);
/// At least the bytes of it, and not much more.
std::size_t marks_bytes(const chat::ChannelMarks& marks);
/// The fields of somebody's presence, into an object that the caller has begun.
void write_presence(JsonWriter& out, const PresenceNotice& presence);

std::string message_json(const chat::FoldedMessage& message);
std::string entry_json(const Entry& entry);

/// The argument of the `event` that tells of a push: `{"event":NAME,"data":...}`.
std::string push_json(const chat::Push& push);
std::string notice_json(const chat::NoticePush& push);
std::string resync_json(const std::vector<std::pair<ChannelId, Seq>>& channels);

/// What an acknowledgement says: `data` is JSON text.
std::string success_json(std::string_view data);
std::string error_json(const Error& error);

/// At least the bytes that the encoded value takes in an answer, and not much more; found without encoding.
std::size_t message_bytes(const chat::FoldedMessage& message);
std::size_t entry_bytes(const Entry& entry);

}  // namespace warren::gateway
