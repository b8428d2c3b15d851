#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    std::vector<UserId> users;
};

std::string encode(const std::vector<PresenceNotice>& people) {
    JsonWriter out;
    out.begin_object();
    for (const auto& person : people) {
        out.key(person.user.hex());
        write_presence(out.begin_object(), person);
        out.end_object();
    }
    return out.end_object().take();
}

Task<Result<std::string>> handle(Call& call, Command command) {
    auto watching = call.chat().presence().watch(call.client(), std::move(command.users), call.deadline());
    WARREN_CO_TRY(people, co_await std::move(watching));
    co_return encode(people);
}

Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(users, payload.users("users", limits.watched_max));
    return doing(handle, Command{std::move(users)});
}

}  // namespace

constinit const Verb kPresenceWatch{"presence:watch", RateClass::sync, check};

}  // namespace warren::gateway
