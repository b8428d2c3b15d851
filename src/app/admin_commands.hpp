#pragma once
#include "app/admin_socket.hpp"
#include "chat/accounts.hpp"

namespace warren::app {

/// The calls of the admin socket, on a running node or on stores opened for one command:
/// `user.add {email, name, password}` -> person; `user.list {after?}` -> {users, next?}.
/// @errors unknown_event, and those of chat::Accounts
Task<Result<json::value>> run_admin_call(chat::Accounts& accounts, Clock& clock, json::object call);

}  // namespace warren::app
