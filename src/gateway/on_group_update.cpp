#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    chat::GroupUpdate update;
    std::string nonce;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto updating = call.chat().update_group(call.user(), command.channel, std::move(command.update),
                                             std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(updating));
    co_return entry_json(*entry);
}

Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    Command command;
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(name, payload.optional_text("name", group_name_rule(limits)));
    const TextRule image_rule{.bytes_max = limits.picture_bytes_max, .may_be_empty = true};
    WARREN_TRY(image, payload.optional_text("image", image_rule));
    WARREN_TRY(data, payload.raw_object("data", limits.data_bytes_max));
    WARREN_TRY(nonce, read_nonce(payload));
    if (!name && !image && data.empty())
        return Error{Errc::invalid, "There must be a \"name\", an \"image\" or \"data\"."};
    command.channel = channel;
    command.update.name = std::move(name);
    command.update.image = std::move(image);
    if (!data.empty()) command.update.data = std::move(data);
    command.nonce = std::move(nonce);
    return doing(handle, std::move(command));
}

}  // namespace

constinit const Verb kGroupUpdate{"group:update", RateClass::create, check};

}  // namespace warren::gateway
