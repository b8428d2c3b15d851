#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {};

std::string encode(const std::vector<chat::ChannelPage>& pages) {
    JsonWriter out;
    out.begin_array();
    for (const auto& page : pages) {
        out.begin_object();
        write_channel_fields(out, *page.view, page.head.get(), PersonDetail::with_contact);
        out.key("messages").begin_array();
        for (const auto& message : page.messages)
            write_message(out, message);
        out.end_array().end_object();
    }
    return out.end_array().take();
}

Task<Result<std::string>> handle(Call& call, Command) {
    chat::MessageBytes bytes_of = message_bytes;
    auto reading = call.chat().all_channels(call.client(), std::move(bytes_of), call.deadline());
    const auto pages = co_await std::move(reading);
    Result<std::string> data = pages ? Result<std::string>(encode(*pages)) : pages.error();
    answer_held(call, std::move(data));
    co_return std::string();
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY_VOID(args.nothing());
    return doing(handle, Command{});
}

}  // namespace

constinit const Verb kChannelsGet{"channels:get", RateClass::sync, check};

}  // namespace warren::gateway
