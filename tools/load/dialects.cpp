#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "load/sentence.hpp"
#include "load/talk.hpp"
#include "load/wire.hpp"

namespace warren::load {
namespace {

constexpr std::size_t kDigits = 10;

/// `number` in ten digits and padding: `bytes` altogether, where they suffice.
std::string text_of(std::uint64_t number, std::size_t bytes) {
    auto digits = std::to_string(number);
    std::string out(kDigits - digits.size(), '0');
    out.append(digits);
    if (out.size() < bytes) out.append(bytes - out.size(), 'x');
    return out;
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || number == 0)
        return std::nullopt;
    return number;
}

}  // namespace

RoomDialect::RoomDialect(std::size_t connections, std::size_t room_size, std::size_t payload_bytes)
    : room_size_(room_size),
      payload_bytes_(payload_bytes),
      rooms_((connections + room_size - 1) / room_size) {
    for (std::uint32_t i = 0; i < connections; ++i)
        rooms_[i / room_size].push_back(i);
}

std::string RoomDialect::auth(std::uint32_t connection) const {
    return R"({"room":"r)" + std::to_string(connection / room_size_) + R"("})";
}

std::string RoomDialect::message(std::uint32_t, std::uint64_t number) const {
    return R"(2["say",")" + text_of(number, payload_bytes_) + R"("])";
}

std::optional<Heard> RoomDialect::hear(std::string_view args) const {
    const auto number = number_of(text_after(args, R"(["say",")", kDigits));
    if (!number) return std::nullopt;
    return Heard{*number, 0, 0};
}

ChatDialect::ChatDialect(std::vector<Person> people, std::size_t payload_bytes, bool syncs)
    : people_(std::move(people)), payload_bytes_(payload_bytes), syncs_(syncs) {
    for (std::uint32_t i = 0; i < people_.size(); ++i) {
        for (const auto& channel : people_[i].channels) {
            const auto [at, is_new] =
                channel_at_.try_emplace(channel, static_cast<std::uint32_t>(channels_.size()));
            if (is_new) {
                channels_.push_back(channel);
                members_.emplace_back();
            }
            members_[at->second].push_back(i);
        }
    }
}

std::string ChatDialect::auth(std::uint32_t connection) const {
    return R"({"token":")" + people_[connection].token + R"("})";
}

std::string ChatDialect::message(std::uint32_t conversation, std::uint64_t number) const {
    std::string out = "2" + std::to_string(number) + R"(["message:new",{"channelId":")";
    return out.append(channels_[conversation])
               .append(R"(","message":")")
               .append(text_of(number, 0))
               .append(sentence(number, payload_bytes_ - std::min(payload_bytes_, kDigits))) +
           R"("}])";
}

std::optional<Heard> ChatDialect::hear(std::string_view args) const {
    const auto number = number_of(text_after(args, R"("message":")", kDigits));
    if (!number) return std::nullopt;
    const auto seq = number_after(args, R"("seq":)");
    const auto channel = channel_at_.find(text_after(args, R"("channelId":")", 24));
    if (!seq || channel == channel_at_.end()) throw WireError("a message of no channel of ours");
    return Heard{*number, *seq, channel->second};
}

std::string ChatDialect::greeting() const {
    return syncs_ ? R"(20["sync",{"channels":{}}])" : "";
}

}  // namespace warren::load
