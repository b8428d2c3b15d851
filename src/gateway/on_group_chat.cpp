#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    UserId member;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto opening = call.chat().open_pair(call.user(), command.member, call.deadline());
    WARREN_CO_TRY(created, co_await std::move(opening));
    co_return '"' + created.channel.hex() + '"';
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(member, payload.id<UserId>("member"));
    // Two people have one chat, so a repeat is one by itself; the nonce is only checked.
    WARREN_TRY_VOID(read_nonce(payload));
    return doing(handle, Command{member});
}

}  // namespace

constinit const Verb kGroupChat{"group:chat", RateClass::create, check};

}  // namespace warren::gateway
