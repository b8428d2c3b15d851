#include <algorithm>

#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

constexpr std::uint64_t kLimitMax = 100;
constexpr std::uint64_t kLimitDefault = 50;

struct Command {
    ChannelId channel;
    chat::HistoryQuery query;
};

/// Takes messages off the ends until the rest fits: off the end that is further from where the client asked.
/// What is left takes so many bytes.
std::size_t shorten(chat::HistoryPage& page, const chat::HistoryQuery& query, std::size_t bytes_max) {
    using From = chat::HistoryQuery::From;
    std::size_t bytes = 0;
    for (const auto& message : page.messages)
        bytes += message_bytes(message);
    auto first = page.messages.begin();
    auto last = page.messages.end();
    while (bytes > bytes_max && last - first > 1) {
        const Seq oldest = first->entry->seq;
        const Seq newest = (last - 1)->entry->seq;
        bool drop_newest = query.from == From::after;
        if (query.from == From::around) {
            drop_newest = newest > query.seq && newest - query.seq >= query.seq - std::min(oldest, query.seq);
        }
        bytes -= message_bytes(drop_newest ? *--last : *first++);
        page.limited = true;
    }
    if (last != page.messages.end()) page.to = (last - 1)->entry->seq;
    if (first != page.messages.begin()) page.from = first->entry->seq;
    page.messages.erase(last, page.messages.end());
    page.messages.erase(page.messages.begin(), first);
    return bytes;
}

std::string encode(const chat::HistoryPage& page, std::size_t bytes) {
    JsonWriter out(bytes);
    out.begin_object().key("messages").begin_array();
    for (const auto& message : page.messages)
        write_message(out, message);
    out.end_array();
    out.key("from").number(page.from);
    out.key("to").number(page.to);
    out.key("head").number(page.head);
    out.key("firstSeq").number(page.first_seq);
    return out.key("limited").boolean(page.limited).end_object().take();
}

Task<Result<std::string>> handle(Call& call, Command command) {
    auto reading = call.chat().history(call.user(), command.channel, command.query, call.deadline());
    WARREN_CO_TRY(page, co_await std::move(reading));
    const auto bytes = shorten(page, command.query, call.chat().environment().limits.answer_bytes_max);
    co_return encode(page, bytes);
}

Result<chat::HistoryQuery> read_query(const Payload& payload) {
    using From = chat::HistoryQuery::From;
    chat::HistoryQuery query;
    int given = 0;
    for (const auto& [name, from] : {std::pair("before", From::before), std::pair("after", From::after),
                                     std::pair("around", From::around)}) {
        WARREN_TRY(seq, payload.optional_number(name, 0, UINT64_MAX));
        if (!seq) continue;
        query.from = from;
        query.seq = *seq;
        ++given;
    }
    if (given > 1) return Error{Errc::invalid, "Give only one of \"before\", \"after\" and \"around\"."};
    WARREN_TRY(limit, payload.optional_number("limit", 1, kLimitMax));
    query.limit = static_cast<std::size_t>(limit.value_or(kLimitDefault));
    return query;
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(query, read_query(payload));
    return doing(handle, Command{channel, query});
}

}  // namespace

constinit const Verb kMessagesGet{"messages:get", RateClass::read, check};

}  // namespace warren::gateway
