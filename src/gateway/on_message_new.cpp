#include <algorithm>

#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    chat::MessageDraft draft;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto sending =
        call.chat().send_message(call.user(), command.channel, std::move(command.draft), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(sending));
    co_return entry_json(*entry);
}

/// Everybody once, in the order given.
std::vector<UserId> without_repeats(const std::vector<UserId>& users) {
    std::vector<UserId> out;
    for (const auto& user : users) {
        if (std::find(out.begin(), out.end(), user) == out.end()) out.push_back(user);
    }
    return out;
}

Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    Command command;
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    const TextRule message_rule{.bytes_max = limits.message_bytes_max, .may_be_empty = true, .lines = true};
    WARREN_TRY(text, payload.text("message", message_rule));
    WARREN_TRY(type, payload.optional_text("type", TextRule{.bytes_max = limits.type_bytes_max}));
    WARREN_TRY(data, payload.raw_object("data", limits.data_bytes_max));
    WARREN_TRY(reply_to, payload.optional_number("replyTo", 1, UINT64_MAX));
    WARREN_TRY(mentions, payload.optional_users("mentions", limits.mentions_max));
    WARREN_TRY(nonce, read_nonce(payload));
    if (text.empty() && data.empty()) {
        return Error{Errc::invalid, "\"message\" must not be empty, unless there is \"data\"."};
    }
    command.channel = channel;
    command.draft.body.text = std::move(text);
    command.draft.body.type = type.value_or(std::string());
    command.draft.body.data = std::move(data);
    command.draft.body.reply_to = reply_to.value_or(0);
    command.draft.body.mentions = without_repeats(mentions);
    command.draft.nonce = std::move(nonce);
    return doing(handle, std::move(command));
}

}  // namespace

constinit const Verb kMessageNew{"message:new", RateClass::send, check};

}  // namespace warren::gateway
