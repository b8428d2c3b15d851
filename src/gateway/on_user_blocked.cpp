#include "gateway/json_writer.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {};

Task<Result<std::string>> handle(Call& call, Command) {
    auto reading = call.chat().blocks().blocked_by(call.user(), call.deadline());
    WARREN_CO_TRY(users, co_await std::move(reading));
    JsonWriter out;
    out.begin_array();
    for (const auto& user : users)
        out.id(user);
    co_return out.end_array().take();
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY_VOID(args.nothing());
    return doing(handle, Command{});
}

}  // namespace

constinit const Verb kUserBlocked{"user:blocked", RateClass::read, check};

}  // namespace warren::gateway
