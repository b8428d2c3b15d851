#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

constexpr std::uint64_t kLimitMax = 200;
constexpr std::uint64_t kLimitDefault = 100;

struct Command {
    ChannelId channel;
    UserId after;
    std::size_t limit = 0;
};

std::string encode(const chat::MemberPage& page) {
    JsonWriter out;
    out.begin_object().key("members").begin_array();
    for (const auto& member : page.members)
        write_member(out, member, PersonDetail::name_only);
    out.end_array();
    out.key("total").number(page.total);
    if (page.next) out.key("next").id(*page.next);
    return out.end_object().take();
}

Task<Result<std::string>> handle(Call& call, Command command) {
    auto reading =
        call.chat().members(call.user(), command.channel, command.after, command.limit, call.deadline());
    WARREN_CO_TRY(page, co_await std::move(reading));
    co_return encode(page);
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(after, payload.optional_id<UserId>("after"));
    WARREN_TRY(limit, payload.optional_number("limit", 1, kLimitMax));
    const auto count = static_cast<std::size_t>(limit.value_or(kLimitDefault));
    return doing(handle, Command{channel, after.value_or(UserId()), count});
}

}  // namespace

constinit const Verb kMembersGet{"members:get", RateClass::read, check};

}  // namespace warren::gateway
