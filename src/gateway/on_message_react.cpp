#include "chat/emoji.hpp"
#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    ReactBody reaction;
    std::string nonce;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto reacting = call.chat().react(call.user(), command.channel, std::move(command.reaction),
                                      std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(reacting));
    co_return entry ? entry_json(*entry) : "null";
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(message, payload.seq("seq"));
    WARREN_TRY(emoji, payload.text("emoji", TextRule{.bytes_max = chat::kEmojiBytesMax}));
    if (!chat::is_emoji(emoji)) return Error{Errc::invalid, "\"emoji\" must be one emoji and nothing else."};
    WARREN_TRY(on, payload.flag("on"));
    WARREN_TRY(nonce, read_nonce(payload));
    return doing(handle, Command{channel, ReactBody{message, std::move(emoji), on}, std::move(nonce)});
}

}  // namespace

constinit const Verb kMessageReact{"message:react", RateClass::send, check};

}  // namespace warren::gateway
