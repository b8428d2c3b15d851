#include <algorithm>
#include <array>

#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

constexpr std::array kVerbs{
    &kServerInfo,  &kChannelsGet,  &kMessageNew,     &kMessageEdit,      &kMessageDelete, &kMessageReact,
    &kMessagesGet, &kChannelsList, &kMessagesSearch, &kMembersGet,       &kSync,          &kGroupNew,
    &kGroupChat,   &kGroupAdd,     &kGroupRemove,    &kGroupRole,        &kGroupUpdate,   &kGroupLeave,
    &kUserBlock,   &kUserUnblock,  &kUserBlocked,    &kReceiptDelivered, &kReceiptRead,   &kChannelState,
    &kTyping,      &kPresenceWatch};

/// A character of UTF-8 takes at most so many.
constexpr std::size_t kBytesPerChar = 4;

}  // namespace

const Verb* find_verb(std::string_view name) {
    const auto at =
        std::find_if(kVerbs.begin(), kVerbs.end(), [&](auto* verb) { return verb->name == name; });
    return at == kVerbs.end() ? nullptr : *at;
}

std::span<const Verb* const> all_verbs() {
    return kVerbs;
}

Result<std::string> read_nonce(const Payload& payload) {
    WARREN_TRY(nonce, payload.optional_text("nonce", TextRule{.bytes_max = kNonceBytesMax}));
    return nonce.value_or(std::string());
}

TextRule group_name_rule(const chat::Limits& limits) {
    return {.bytes_max = limits.channel_name_chars_max * kBytesPerChar};
}

void answer_held(Call& call, Result<std::string> data) {
    const bool in_time = call.answer(std::move(data));
    call.chat().answered(call.client());
    // It was told "timed out", but chat takes it for shown what is in the answer: it must read anew.
    if (!in_time) call.client().reconnect();
}

}  // namespace warren::gateway
