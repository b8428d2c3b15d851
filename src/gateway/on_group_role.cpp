#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    UserId member;
    Role role = Role::member;
    std::string nonce;
};

Task<Result<std::string>> handle(Call& call, Command command) {
    auto setting = call.chat().set_role(call.user(), command.channel, command.member, command.role,
                                        std::move(command.nonce), call.deadline());
    WARREN_CO_TRY(entry, co_await std::move(setting));
    co_return entry_json(*entry);
}

Result<Role> read_role(const Payload& payload) {
    WARREN_TRY(word, payload.text("role", TextRule{.bytes_max = 64}));
    if (word == "admin") return Role::admin;
    if (word == "member") return Role::member;
    return Error{Errc::invalid, "\"role\" must be \"admin\" or \"member\"."};
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(member, payload.id<UserId>("member"));
    WARREN_TRY(role, read_role(payload));
    WARREN_TRY(nonce, read_nonce(payload));
    return doing(handle, Command{channel, member, role, std::move(nonce)});
}

}  // namespace

constinit const Verb kGroupRole{"group:role", RateClass::create, check};

}  // namespace warren::gateway
