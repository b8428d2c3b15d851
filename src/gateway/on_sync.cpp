#include <algorithm>

#include "gateway/encode.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {
    std::unordered_map<ChannelId, Seq> known;
};

void write_synced(JsonWriter& out, const chat::SyncedChannel& channel, const chat::ChannelMarks& marks) {
    out.begin_object();
    out.key("entries").begin_array();
    for (const auto& entry : channel.entries)
        write_entry(out, *entry);
    out.end_array();
    out.key("head").number(channel.head->seq);
    out.key("count").number(channel.head->count);
    out.key("firstSeq").number(channel.first_seq);
    out.key("limited").boolean(channel.limited);
    write_marks(out, marks);
    out.end_object();
}

/// Members are listed as long as they fit; a client asks `members:get` for those that are not.
void write_joined(JsonWriter& out, const chat::SyncAnswer& answer, UserId caller, std::size_t bytes_max) {
    std::size_t bytes = 0;
    for (const auto& [view, head] : answer.joined) {
        bytes += members_bytes(*view);
        out.begin_object();
        if (view->members.empty() || bytes > bytes_max) {
            write_channel_summary(out, view->channel, head.get());
        } else {
            write_channel_fields(out, *view, head.get(), PersonDetail::name_only);
        }
        for (const auto& member : view->members) {
            if (!view->channel.is_group && member.user->id != caller) write_peer(out, *member.user);
        }
        write_marks(out, answer.marks.at(view->channel.id));
        out.end_object();
    }
}

/// What channels that one joined take, about: the most of the first answer that somebody gets.
std::size_t joined_bytes(const chat::SyncAnswer& answer) {
    constexpr std::size_t kBesideMembers = 600;
    std::size_t bytes = answer.joined.size() * kBesideMembers;
    for (const auto& [view, head] : answer.joined)
        bytes += members_bytes(*view);
    return bytes;
}

std::string encode(const chat::SyncAnswer& answer, UserId caller, std::size_t bytes_max) {
    JsonWriter out(std::min(joined_bytes(answer), bytes_max));
    out.begin_object().key("channels").begin_object();
    for (const auto& [channel, synced] : answer.channels) {
        out.key(channel.hex());
        write_synced(out, synced, answer.marks.at(channel));
    }
    out.end_object().key("joined").begin_array();
    write_joined(out, answer, caller, bytes_max);
    out.end_array().key("left").begin_array();
    for (const auto& channel : answer.left)
        out.id(channel);
    return out.end_array().end_object().take();
}

Task<Result<std::string>> handle(Call& call, Command command) {
    chat::EntryBytes bytes_of = entry_bytes;
    auto reading =
        call.chat().sync(call.client(), std::move(command.known), std::move(bytes_of), call.deadline());
    const auto answer = co_await std::move(reading);
    const auto bytes_max = call.chat().environment().limits.answer_bytes_max;
    Result<std::string> data =
        answer ? Result<std::string>(encode(*answer, call.user(), bytes_max)) : answer.error();
    answer_held(call, std::move(data));
    co_return std::string();
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY(payload, args.payload());
    WARREN_TRY(seqs, payload.seqs_by_channel("channels"));
    return doing(handle, Command{{seqs.begin(), seqs.end()}});
}

}  // namespace

constinit const Verb kSync{"sync", RateClass::sync, check};

}  // namespace warren::gateway
