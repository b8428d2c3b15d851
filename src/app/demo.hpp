#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "chat/accounts.hpp"
#include "chat/chat.hpp"

namespace warren::app {

/// Somebody of the demo. Everybody can read these passwords here: never on a public address.
struct DemoPerson {
    std::string email, name, password;
};
const std::vector<DemoPerson>& demo_people();

/// Makes the demo's people, a chat of the first two with a few messages, and a group of all, unless they are
/// there. May be repeated, also by several nodes at once: everything has a fixed nonce. On the chat executor.
Task<Result<void>> make_demo(chat::Chat& chat, chat::Accounts& accounts, Deadline deadline);

}  // namespace warren::app
