#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

using Command = chat::GroupDraft;

Task<Result<std::string>> handle(Call& call, Command draft) {
    auto creating = call.chat().create_group(call.user(), std::move(draft), call.deadline());
    WARREN_CO_TRY(created, co_await std::move(creating));
    co_return '"' + created.channel.hex() + '"';
}

Result<HistoryAccess> read_history(const Payload& payload) {
    WARREN_TRY(word, payload.optional_text("history", TextRule{.bytes_max = 64}));
    if (!word || *word == "all") return HistoryAccess::all;
    if (*word == "since_join") return HistoryAccess::since_join;
    return Error{Errc::invalid, "\"history\" must be \"all\" or \"since_join\"."};
}

Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    Command draft;
    WARREN_TRY(name, payload.text("name", group_name_rule(limits)));
    WARREN_TRY(members, payload.users("members", limits.group_members_max));
    WARREN_TRY(history, read_history(payload));
    WARREN_TRY(data, payload.raw_object("data", limits.data_bytes_max));
    WARREN_TRY(nonce, read_nonce(payload));
    draft.name = std::move(name);
    draft.members = std::move(members);
    draft.history = history;
    draft.data = std::move(data);
    draft.nonce = std::move(nonce);
    return doing(handle, std::move(draft));
}

}  // namespace

constinit const Verb kGroupNew{"group:new", RateClass::create, check};

}  // namespace warren::gateway
