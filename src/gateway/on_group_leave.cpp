#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    std::string nonce;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto leaving =
        call.chat().leave_group(call.user(), command.channel, std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(leaving));
    co_return entry_json(*entry);
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(nonce, read_nonce(payload));
    return doing(handle, Command{channel, std::move(nonce)});
}

}  // namespace

constinit const Verb kGroupLeave{"group:leave", RateClass::create, check};

}  // namespace warren::gateway
