#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    Seq message = 0;
    std::string nonce;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto deleting = call.chat().delete_message(call.user(), command.channel, command.message,
                                               std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(deleting));
    co_return entry_json(*entry);
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(message, payload.seq("seq"));
    WARREN_TRY(nonce, read_nonce(payload));
    return doing(handle, Command{channel, message, std::move(nonce)});
}

}  // namespace

constinit const Verb kMessageDelete{"message:delete", RateClass::send, check};

}  // namespace warren::gateway
