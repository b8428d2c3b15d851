#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    ChannelId channel;
    chat::ReceiptKind kind;
    Seq seq = 0;
};

std::string encode(const chat::OwnState& own) {
    JsonWriter out;
    out.begin_object().key("delivered").number(own.watermark.delivered);
    out.key("read").number(own.watermark.read);
    return out.key("readCount").number(own.read_count).end_object().take();
}

Task<Result<std::string>> handle(Call& call, Command command) {
    auto receiving = call.chat().receipts().receive(call.user(), command.channel, command.kind, command.seq);
    WARREN_CO_TRY(own, co_await std::move(receiving));
    co_return encode(own);
}

template <chat::ReceiptKind kind>
Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(channel, payload.id<ChannelId>("channelId"));
    WARREN_TRY(seq, payload.number("seq", 1, UINT64_MAX));
    return doing(handle, Command{channel, kind, seq});
}

}  // namespace

constinit const Verb kReceiptDelivered{"receipt:delivered", RateClass::receipt,
                                       check<chat::ReceiptKind::delivered>};
constinit const Verb kReceiptRead{"receipt:read", RateClass::receipt, check<chat::ReceiptKind::read>};

}  // namespace warren::gateway
