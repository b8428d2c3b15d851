#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/ids.hpp"
#include "model/seq.hpp"

namespace warren::gateway {

namespace json = boost::json;

/// What a text must be like.
struct TextRule {
    std::size_t bytes_max = 0;
    bool may_be_empty = false;
    bool lines = false;  ///< Line feeds and tabs are allowed, a carriage return before a line feed too.
};

/// Reads the named fields of an event's payload. Each call names the field in its error and says what would
/// be right. A field that is `null` counts as absent; fields that nobody asks for are ignored.
/// @errors invalid, too_large (a text beyond its limit)
class Payload {
public:
    /// `raw` is the text that `object` was parsed from. Both outlive this.
    Payload(const json::object& object, std::string_view raw) : object_(object), raw_(raw) {}

    Result<std::string> text(std::string_view name, TextRule rule) const;
    Result<std::optional<std::string>> optional_text(std::string_view name, TextRule rule) const;
    template <class AnyId>
    Result<AnyId> id(std::string_view name) const {
        WARREN_TRY(hex, hex_digits(name));
        return *AnyId::parse(hex);
    }
    template <class AnyId>
    Result<std::optional<AnyId>> optional_id(std::string_view name) const {
        if (!find(name)) return std::optional<AnyId>();
        WARREN_TRY(id, this->id<AnyId>(name));
        return std::optional<AnyId>(id);
    }
    /// @errors also too_large: more than `count_max`
    Result<std::vector<UserId>> users(std::string_view name, std::size_t count_max) const;
    /// The same, none if absent.
    Result<std::vector<UserId>> optional_users(std::string_view name, std::size_t count_max) const;
    /// A whole number from `min` to `max`.
    Result<std::optional<std::uint64_t>> optional_number(std::string_view name, std::uint64_t min,
                                                         std::uint64_t max) const;
    /// The same, which must be there.
    Result<std::uint64_t> number(std::string_view name, std::uint64_t min, std::uint64_t max) const;
    /// The seq of an entry: a whole number, at least 1.
    Result<Seq> seq(std::string_view name) const;
    Result<bool> flag(std::string_view name) const;
    Result<std::optional<bool>> optional_flag(std::string_view name) const;
    /// The text of a JSON object, byte for byte as it came; empty if absent.
    Result<std::string> raw_object(std::string_view name, std::size_t bytes_max) const;
    /// An object whose keys are channel ids and whose values are seqs.
    Result<std::vector<std::pair<ChannelId, Seq>>> seqs_by_channel(std::string_view name) const;

private:
    const json::value* find(std::string_view name) const;
    Result<std::string_view> hex_digits(std::string_view name) const;

    const json::object& object_;
    std::string_view raw_;
};

/// The arguments of an event.
class Arguments {
public:
    /// `raw` is the whole packet's array, the event's name first. Both outlive this.
    Arguments(const json::array& args, std::string_view raw) : args_(args), raw_(raw) {}

    /// The one argument, which must be an object. @errors invalid
    Result<Payload> payload() const;
    /// For events without a payload: no argument, or one that is `null` or an object. @errors invalid
    Result<void> nothing() const;

private:
    const json::array& args_;
    std::string_view raw_;
};

/// Whether `utf8` holds control characters (C0, DEL, C1) beyond those that `lines` allows.
bool has_control_characters(std::string_view utf8, bool lines);

}  // namespace warren::gateway
