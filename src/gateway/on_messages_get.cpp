#include <algorithm>
#include <span>

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

/// What of a page goes into one answer.
struct Shown {
    std::span<const chat::FoldedMessage> messages;
    Seq from = 0;
    Seq to = 0;
    bool limited = false;
    std::size_t bytes = 0;
};

/// Without the messages at the ends that do not fit: off the end that is further from where the client asked.
Shown shorten(const chat::HistoryPage& page, const chat::HistoryQuery& query, std::size_t bytes_max) {
    using From = chat::HistoryQuery::From;
    Shown out{page.messages, page.from, page.to, page.limited, 0};
    for (const auto& message : page.messages)
        out.bytes += message_bytes(message);
    while (out.bytes > bytes_max && out.messages.size() > 1) {
        const Seq oldest = out.messages.front().entry->seq;
        const Seq newest = out.messages.back().entry->seq;
        bool drop_newest = query.from == From::after;
        if (query.from == From::around) {
            drop_newest = newest > query.seq && newest - query.seq >= query.seq - std::min(oldest, query.seq);
        }
        if (drop_newest) {
            out.bytes -= message_bytes(out.messages.back());
            out.messages = out.messages.first(out.messages.size() - 1);
            out.to = out.messages.back().entry->seq;
        } else {
            out.bytes -= message_bytes(out.messages.front());
            out.messages = out.messages.subspan(1);
            out.from = out.messages.front().entry->seq;
        }
        out.limited = true;
    }
    return out;
}

std::string encode(const chat::HistoryPage& page, const Shown& shown) {
    JsonWriter out(shown.bytes);
    out.begin_object().key("messages").begin_array();
    for (const auto& message : shown.messages)
        write_message(out, message);
    out.end_array();
    out.key("from").number(shown.from);
    out.key("to").number(shown.to);
    out.key("head").number(page.head);
    out.key("firstSeq").number(page.first_seq);
    return out.key("limited").boolean(shown.limited).end_object().take();
}

Task<Result<std::string>> handle(Call& call, Command command) {
    auto reading = call.chat().history(call.user(), command.channel, command.query, call.deadline());
    WARREN_CO_TRY(page, co_await std::move(reading));
    if (page->text.empty()) {
        const auto most = call.chat().environment().limits.answer_bytes_max;
        page->text = encode(*page, shorten(*page, command.query, most));
    }
    co_return page->text;
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
