#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    std::vector<UserId> members;
    std::string nonce;
};

/// How chat is asked: add_members or remove_members.
using Change = Task<Result<EntryPtr>> (chat::Chat::*)(UserId, ChannelId, std::vector<UserId>, std::string,
                                                      Deadline);

template <Change change>
Task<Result<std::string>> handle(Call& call, Command command) {
    auto changing = (call.chat().*change)(call.user(), command.channel, std::move(command.members),
                                          std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(changing));
    co_return entry_json(*entry);
}

template <Change change>
Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(members, payload.users("members", limits.members_per_change_max));
    WARREN_TRY(nonce, read_nonce(payload));
    if (members.empty()) return Error{Errc::invalid, "\"members\" must name somebody."};
    return doing(handle<change>, Command{channel, std::move(members), std::move(nonce)});
}

}  // namespace

constinit const Verb kGroupAdd{"group:add", RateClass::create, check<&chat::Chat::add_members>};
constinit const Verb kGroupRemove{"group:remove", RateClass::create, check<&chat::Chat::remove_members>};

}  // namespace warren::gateway
