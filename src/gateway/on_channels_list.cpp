#include <algorithm>

#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

constexpr std::uint64_t kLimitMax = 200;
constexpr std::uint64_t kLimitDefault = 50;
constexpr std::size_t kCursorBytesMax = 128;
constexpr std::size_t kLineBytes = 600;
constexpr std::size_t kPeerBytes = 80;

struct Command {
    std::size_t limit = 0;
    std::optional<std::string> after;
};

std::size_t bytes_of(const chat::UserPtr& peer) {
    return peer ? kPeerBytes + quoted_bytes(peer->name) + quoted_bytes(peer->image) : 0;
}

/// How many of the first lines fit into an answer; at least one.
std::size_t fitting(const chat::ChannelLines& lines, std::size_t bytes_max) {
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const auto& line : lines.lines) {
        bytes += kLineBytes + marks_bytes(line.marks) + line.channel.data.size() + bytes_of(line.peer) +
                 (line.newest ? message_bytes(*line.newest) : 0);
        if (bytes > bytes_max) break;
        ++count;
    }
    return std::max<std::size_t>(count, 1);
}

void write_line(JsonWriter& out, const chat::ChannelLine& line) {
    out.begin_object();
    write_channel_summary(out, line.channel, line.head.get());
    out.key("role").string(line.role == Role::admin ? "admin" : "member");
    write_marks(out, line.marks);
    if (line.peer) write_peer(out, *line.peer);
    out.key("newest");
    if (line.newest) {
        write_message(out, *line.newest);
    } else {
        out.raw("null");
    }
    out.end_object();
}

std::string encode(const chat::ChannelLines& lines) {
    JsonWriter out;
    out.begin_object().key("channels").begin_array();
    for (const auto& line : lines.lines)
        write_line(out, line);
    out.end_array();
    if (lines.next) out.key("next").string(*lines.next);
    return out.end_object().take();
}

Task<Result<std::string>> handle(Call& call, Command command) {
    const auto bytes_max = call.chat().environment().limits.answer_bytes_max;
    for (;;) {
        auto reading = call.chat().list_channels(call.user(), command.limit, command.after, call.deadline());
        WARREN_CO_TRY(lines, co_await std::move(reading));
        const auto fit = fitting(lines, bytes_max);
        if (fit >= lines.lines.size()) co_return encode(lines);
        // Asked again rather than cut, since only chat knows what to give as `next`.
        command.limit = fit;
    }
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(limit, payload.optional_number("limit", 1, kLimitMax));
    WARREN_TRY(after, payload.optional_text("after", TextRule{.bytes_max = kCursorBytesMax}));
    return doing(handle, Command{static_cast<std::size_t>(limit.value_or(kLimitDefault)), std::move(after)});
}

}  // namespace

constinit const Verb kChannelsList{"channels:list", RateClass::read, check};

}  // namespace warren::gateway
