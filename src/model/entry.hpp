#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/channel.hpp"
#include "model/ids.hpp"
#include "model/seq.hpp"
#include "model/time.hpp"

namespace warren {

/// What people read.
struct MessageBody {
    std::string text;
    std::string type;  ///< The app's own word for what this is; empty: plain text.
    std::string data;  ///< The app's own JSON object as text, or empty.
    Seq reply_to = 0;
    std::vector<UserId> mentions;
    std::vector<std::string> attachments;
    bool blanked = false;  ///< Deleted: all of the above is gone.
    friend bool operator==(const MessageBody&, const MessageBody&) = default;
};
struct EditBody {
    Seq target = 0;
    std::string text;
    bool blanked = false;
    friend bool operator==(const EditBody&, const EditBody&) = default;
};
struct DeleteBody {
    Seq target = 0;
    friend bool operator==(const DeleteBody&, const DeleteBody&) = default;
};
struct ReactBody {
    Seq target = 0;
    std::string emoji;
    bool on = true;
    friend bool operator==(const ReactBody&, const ReactBody&) = default;
};

struct MemberChange {
    UserId user;
    Role role = Role::member;
    friend bool operator==(const MemberChange&, const MemberChange&) = default;
};
enum class MemberOp : std::uint8_t { added = 0, removed = 1, left = 2, role = 3 };
/// `removed` and `left` name members, whatever roles they had.
struct MemberBody {
    MemberOp op = MemberOp::added;
    std::vector<MemberChange> changes;
    std::optional<UserId> successor = std::nullopt;  ///< `left` by the last admin: who is admin from here on.
    friend bool operator==(const MemberBody&, const MemberBody&) = default;
};

enum class ChannelOp : std::uint8_t { created = 0, renamed = 1, picture = 2, settings = 3 };
/// `created` carries everything and is always seq 1; `renamed` and `picture` carry what their name says;
/// `settings` carries what `with_...` says.
struct ChannelBody {
    ChannelOp op = ChannelOp::created;
    bool is_group = false;
    std::string name;
    std::string image;
    HistoryAccess history = HistoryAccess::all;
    std::string data;
    std::vector<MemberChange> members;
    bool with_name = false;
    bool with_image = false;
    bool with_data = false;

    bool sets_name() const { return op == ChannelOp::created || op == ChannelOp::renamed || with_name; }
    bool sets_image() const { return op == ChannelOp::created || op == ChannelOp::picture || with_image; }
    bool sets_data() const { return op == ChannelOp::created || with_data; }
    friend bool operator==(const ChannelBody&, const ChannelBody&) = default;
};

/// In the order of `EntryBody`'s alternatives.
enum class EntryKind : std::uint8_t { message = 0, edit, remove, react, member, channel };
using EntryBody = std::variant<MessageBody, EditBody, DeleteBody, ReactBody, MemberBody, ChannelBody>;

/// One thing that happened in a channel: an element of its log. Never changed once stored, but for blanking.
/// @see docs/storage.md#entries
struct Entry {
    ChannelId channel;
    Seq seq = 0;
    EntryId id;
    UserId sender;
    std::string nonce;  ///< Unique per (sender, channel); at most kNonceBytesMax; never empty once stored.
    WallTime at{};
    std::uint64_t count = 0;  ///< Messages up to and with this entry.
    Seq message_seq = 0;      ///< The newest message up to and with this entry; 0 if none.
    Seq state_seq = 0;        ///< The newest entry of kind member or channel, this one included.
    Seq prev_state_seq = 0;   ///< For kinds member and channel: the one before; else 0.
    EntryBody body;

    EntryKind kind() const { return static_cast<EntryKind>(body.index()); }
    bool is_message() const { return kind() == EntryKind::message; }
    /// Whether it moves state_seq.
    bool changes_state() const { return kind() == EntryKind::member || kind() == EntryKind::channel; }
    /// @see target_of
    Seq target() const;
    friend bool operator==(const Entry&, const Entry&) = default;
};

using EntryPtr = std::shared_ptr<const Entry>;

/// The entry that an edit, delete or reaction is about; 0 for other kinds.
Seq target_of(const EntryBody& body);
/// What is left of a body once its message is deleted: of a message and an edit nothing that anybody wrote.
EntryBody blanked(const EntryBody& body);
/// Whether that is all there is of it.
bool is_blanked(const EntryBody& body);
/// Whether `stored` is what became of the request `asked`: all that the request itself says is the same.
bool same_request(const EntryBody& stored, const EntryBody& asked);

/// The wire name of a kind: message, edit, delete, react, member, channel.
std::string_view name_of(EntryKind kind);

inline constexpr std::size_t kNonceBytesMax = 64;
inline constexpr std::size_t kRunEntriesMax = 100;

}  // namespace warren
