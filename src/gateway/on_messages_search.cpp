#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"
#include "words/query.hpp"

namespace warren::gateway {
namespace {

constexpr std::uint64_t kLimitMax = 100;
constexpr std::uint64_t kLimitDefault = 20;
constexpr std::size_t kCursorBytesMax = 128;

std::string encode(const chat::SearchPage& page) {
    JsonWriter out;
    out.begin_object().key("messages").begin_array();
    for (const auto& message : page.messages)
        write_message(out, message);
    out.end_array();
    if (page.next) out.key("next").string(*page.next);
    return out.end_object().take();
}

Task<Result<std::string>> handle(Call& call, chat::SearchRequest request) {
    chat::MessageBytes bytes_of = message_bytes;
    auto searching =
        call.chat().search(call.user(), std::move(request), std::move(bytes_of), call.deadline());
    WARREN_CO_TRY(page, co_await std::move(searching));
    co_return encode(page);
}

Result<Doing> check(const Arguments& args, const chat::Limits& limits) {
    WARREN_TRY(payload, args.payload());
    chat::SearchRequest request;
    WARREN_TRY(query, payload.text("query", TextRule{.bytes_max = limits.query.bytes_max, .lines = true}));
    // So that what is wrong with it is told whatever the channel.
    WARREN_TRY_VOID(words::parse_query(query, limits.query));
    WARREN_TRY(channel, payload.optional_id<ChannelId>("channelId"));
    WARREN_TRY(before, payload.optional_text("before", TextRule{.bytes_max = kCursorBytesMax}));
    WARREN_TRY(limit, payload.optional_number("limit", 1, kLimitMax));
    request.query = std::move(query);
    request.channel = channel;
    request.before = std::move(before);
    request.limit = static_cast<std::size_t>(limit.value_or(kLimitDefault));
    return doing(handle, std::move(request));
}

}  // namespace

constinit const Verb kMessagesSearch{"messages:search", RateClass::search, check};

}  // namespace warren::gateway
