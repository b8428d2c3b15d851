#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

constexpr std::size_t kLevelBytesMax = 16;

struct Command {
    ChannelId channel;
    chat::SettingsChange change;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto setting = call.chat().receipts().set(call.user(), command.channel, command.change);
    WARREN_CO_TRY(own, co_await std::move(setting));
    JsonWriter out;
    out.begin_object();
    write_settings(out, own.settings, own.read_count);
    co_return out.end_object().take();
}

Result<std::optional<NotifyLevel>> read_level(const Payload& payload) {
    WARREN_TRY(text, payload.optional_text("notify", TextRule{.bytes_max = kLevelBytesMax}));
    if (!text) return std::optional<NotifyLevel>();
    for (const auto level : {NotifyLevel::all, NotifyLevel::mentions, NotifyLevel::none})
        if (*text == name_of(level)) return std::optional(level);
    return Error{Errc::invalid, "\"notify\" must be \"all\", \"mentions\" or \"none\"."};
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    Command command;
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    command.channel = channel;
    WARREN_TRY(muted, payload.optional_flag("muted"));
    WARREN_TRY(pinned, payload.optional_flag("pinned"));
    WARREN_TRY(archived, payload.optional_flag("archived"));
    WARREN_TRY(notify, read_level(payload));
    WARREN_TRY(unread_from, payload.optional_number("unreadFrom", 0, UINT64_MAX));
    if (!muted && !pinned && !archived && !notify && !unread_from) {
        return Error{Errc::invalid,
                     "Give one of \"muted\", \"pinned\", \"archived\", \"notify\" and \"unreadFrom\"."};
    }
    command.change = {muted, pinned, archived, notify, unread_from};
    return doing(handle, std::move(command));
}

}  // namespace

constinit const Verb kChannelState{"channel:state", RateClass::receipt, check};

}  // namespace warren::gateway
