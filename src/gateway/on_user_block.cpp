#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    UserId user;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto blocking = call.chat().blocks().block(call.user(), command.user, call.deadline());
    WARREN_CO_TRY_VOID(co_await std::move(blocking));
    call.chat().presence().hide(call.user(), command.user);
    co_return "null";
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(user, payload.id<UserId>("userId"));
    return doing(handle, Command{user});
}

}  // namespace

constinit const Verb kUserBlock{"user:block", RateClass::create, check};

}  // namespace warren::gateway
