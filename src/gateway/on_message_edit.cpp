#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    Seq message = 0;
    std::string text;
    std::string nonce;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto editing =
        call.chat().edit_message(call.user(), command.channel, command.message, std::move(command.text),
                                 std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(editing));
    co_return entry_json(*entry);
}

Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(message, payload.seq("seq"));
    WARREN_TRY(text, payload.text("message", TextRule{.bytes_max = limits.message_bytes_max, .lines = true}));
    WARREN_TRY(nonce, read_nonce(payload));
    return doing(handle, Command{channel, message, std::move(text), std::move(nonce)});
}

}  // namespace

constinit const Verb kMessageEdit{"message:edit", RateClass::send, check};

}  // namespace warren::gateway
