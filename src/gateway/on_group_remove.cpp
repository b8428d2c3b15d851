#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    std::vector<UserId> members;
    std::string nonce;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto removing = call.chat().remove_members(call.user(), command.channel, std::move(command.members),
                                               std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(removing));
    co_return entry_json(*entry);
}

Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(members, payload.users("members", limits.members_per_change_max));
    WARREN_TRY(nonce, read_nonce(payload));
    if (members.empty()) return Error{Errc::invalid, "\"members\" must name somebody."};
    return doing(handle, Command{channel, std::move(members), std::move(nonce)});
}

}  // namespace

constinit const Verb kGroupRemove{"group:remove", RateClass::create, check};

}  // namespace warren::gateway
