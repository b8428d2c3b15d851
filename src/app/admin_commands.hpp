#pragma once
#include "app/admin_socket.hpp"
#include "chat/accounts.hpp"
#include "ports/channel_store.hpp"

namespace warren::app {

/// What the calls act on; it outlives them.
struct AdminPowers {
    chat::Accounts& accounts;
    ChannelStore& channels;
    RetentionPolicy retention;  ///< Of channels without their own.
    Clock& clock;
    /// Ends the connections of a person on every node. Returns at once.
    std::function<void(UserId)> sign_out;
};

/// The calls of the admin socket, on a running node or on stores opened for one command:
/// `user.add {email, name, password}`, `user.suspend {who}`, `user.restore {who}`, `user.passwd {who,
/// password}`
/// -> person; `channel.retention {channel, maxAgeMs?, maxMessages?, default?}` -> {_id, name, firstSeq,
/// maxAgeMs, maxMessages, own}, having set what is given; `user.list {after?}` -> {users, next?};
/// `user.sessions {who, end?}` -> {user, sessions}.
/// @errors unknown_event, not_found, and those of chat::Accounts
Task<Result<json::value>> run_admin_call(AdminPowers powers, json::object call);

}  // namespace warren::app
