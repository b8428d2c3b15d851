#include "ports/user_store.hpp"

namespace warren {

Task<Result<std::optional<SignedIn>>> UserStore::signed_in(TokenHash socket_token_hash, Deadline deadline) {
    std::optional<SignedIn> out;
    auto looking = session_by_socket_token(socket_token_hash, deadline);
    WARREN_CO_TRY(session, co_await std::move(looking));
    if (!session) co_return out;
    auto reading = users({session->user}, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    if (!found.empty()) out = SignedIn{*session, std::move(found.front())};
    co_return out;
}

}  // namespace warren
