#pragma once
#include <string>

#include "base/result.hpp"
#include "base/text.hpp"
#include "chat/limits.hpp"
#include "model/entry.hpp"

namespace warren::chat {

/// What anybody is told who asks for a channel that is not theirs, whether or not it exists.
inline Error no_such_channel() {
    return {Errc::not_found, "There is no such channel, or you are not in it."};
}

inline Result<void> check_nonce(const std::string& nonce) {
    if (nonce.size() <= kNonceBytesMax) return {};
    return Error(Errc::invalid, "nonce must be at most 64 bytes long.");
}

inline Result<void> check_group_name(const std::string& name, const Limits& limits) {
    if (name.empty()) return Error(Errc::invalid, "name must not be empty.");
    if (count_chars(name) <= limits.channel_name_chars_max) return {};
    return Error(Errc::too_large,
                 "name must have at most " + std::to_string(limits.channel_name_chars_max) + " characters.");
}

inline Result<void> check_data(const std::string& data, const Limits& limits) {
    if (data.size() <= limits.data_bytes_max) return {};
    return Error(Errc::too_large,
                 "data must be at most " + std::to_string(limits.data_bytes_max) + " bytes long.");
}

}  // namespace warren::chat
