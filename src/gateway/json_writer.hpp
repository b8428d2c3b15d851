#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/ids.hpp"

namespace warren::gateway {

/// Writes JSON text from front to back; commas come by themselves. Text rather than a json::value, because
/// an app's own `data` must go through byte for byte, and because most of what a node writes is written once
/// and thrown away.
class JsonWriter {
public:
    /// `bytes` is about how long the text becomes.
    explicit JsonWriter(std::size_t bytes = 0) { out_.reserve(bytes); }

    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    /// `name` is one of ours: nothing in it needs escaping.
    JsonWriter& key(std::string_view name);
    JsonWriter& string(std::string_view utf8);
    /// A string in which nothing needs escaping.
    JsonWriter& plain(std::string_view ascii);
    template <class Tag>
    JsonWriter& id(const Id<Tag>& id) {
        std::array<char, Id<Tag>::kHexSize> hex;
        id.write_hex(hex.data());
        return plain({hex.data(), hex.size()});
    }
    JsonWriter& number(std::uint64_t value);
    JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
    /// A value that is JSON text already.
    JsonWriter& raw(std::string_view json);

    std::string take() { return std::move(out_); }

private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    void quote();
    void separate();

    std::string out_;
    bool comma_ = false;
};

/// Appends `utf8` as a JSON string, quotes included.
void append_quoted(std::string& out, std::string_view utf8);
/// The bytes that append_quoted would append.
std::size_t quoted_bytes(std::string_view utf8);

}  // namespace warren::gateway
