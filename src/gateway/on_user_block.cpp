#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    UserId user;
};

Task<Result<std::string>> handle_block(Call& call, Command command) {
    auto blocking = call.chat().blocks().block(call.user(), command.user, call.deadline());
    WARREN_CO_TRY_VOID(co_await std::move(blocking));
    call.chat().presence().hide(call.user(), command.user);
    co_return "null";
}

Task<Result<std::string>> handle_unblock(Call& call, Command command) {
    auto unblocking = call.chat().blocks().unblock(call.user(), command.user, call.deadline());
    WARREN_CO_TRY_VOID(co_await std::move(unblocking));
    co_return "null";
}

template <Task<Result<std::string>> (*handle)(Call&, Command)>
Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(user, payload.id<UserId>("userId"));
    return doing(handle, Command{user});
}

}  // namespace

constinit const Verb kUserBlock{"user:block", RateClass::create, check<handle_block>};
constinit const Verb kUserUnblock{"user:unblock", RateClass::create, check<handle_unblock>};

}  // namespace warren::gateway
