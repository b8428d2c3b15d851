#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    bool on = false;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto setting = call.chat().typing().set(call.client(), command.channel, command.on, call.deadline());
    WARREN_CO_TRY_VOID(co_await std::move(setting));
    co_return "null";
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(on, payload.flag("on"));
    return doing(handle, Command{channel, on});
}

}  // namespace

constinit const Verb kTyping{"typing", RateClass::read, check};

}  // namespace warren::gateway
