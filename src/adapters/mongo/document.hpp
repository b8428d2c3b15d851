#pragma once
#include <bson/bson.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "model/ids.hpp"
#include "model/time.hpp"

namespace warren::adapters::mongo {

class List;

/// A BSON document that is being written; owns it. Values are added in order. 64-bit and unsigned numbers are
/// stored as int64: values above 2^63 - 1 do not come from a log and wrap. Not thread-safe.
class Document {
public:
    Document() : bson_(bson_new()) {}
    explicit Document(const bson_t& other) : bson_(bson_copy(&other)) {}

    Document& add(std::string_view key, std::string_view text);
    Document& add(std::string_view key, const char* text) { return add(key, std::string_view(text)); }
    Document& add(std::string_view key, const Document& document);
    Document& add(std::string_view key, const List& list);
    Document& add(std::string_view key, bool value);
    Document& add(std::string_view key, double value);
    Document& add(std::string_view key, WallTime time);
    Document& add_null(std::string_view key);
    /// A regular expression without options.
    Document& add_regex(std::string_view key, const std::string& pattern);
    template <class Tag>
    Document& add(std::string_view key, const Id<Tag>& id) {
        return add_object_id(key, id.bytes);
    }
    template <std::integral N>
    Document& add(std::string_view key, N number) {
        if constexpr (sizeof(N) < 8 && std::signed_integral<N>) return add_int32(key, number);
        return add_int64(key, static_cast<std::int64_t>(number));
    }

    const bson_t* get() const { return bson_.get(); }
    bson_t* get() { return bson_.get(); }
    bool empty() const { return bson_empty(bson_.get()); }

private:
    Document& add_int32(std::string_view key, std::int32_t number);
    Document& add_int64(std::string_view key, std::int64_t number);
    Document& add_object_id(std::string_view key, const std::array<std::uint8_t, 12>& bytes);

    struct Destroy {
        void operator()(bson_t* bson) const { bson_destroy(bson); }
    };
    std::unique_ptr<bson_t, Destroy> bson_;
};

/// A BSON array that is being written.
class List {
public:
    template <class Value>
    List& add(const Value& value) {
        document_.add(std::to_string(size_++), value);
        return *this;
    }
    List& add_null() {
        document_.add_null(std::to_string(size_++));
        return *this;
    }
    std::size_t size() const { return size_; }
    const Document& as_document() const { return document_; }

private:
    Document document_;
    std::size_t size_ = 0;
};

/// A filter: `key` is one of `values`.
template <class Values>
Document any_of(std::string_view key, const Values& values) {
    List list;
    for (const auto& value : values)
        list.add(value);
    Document in;
    in.add("$in", list);
    Document out;
    out.add(key, in);
    return out;
}

/// Reads fields of one document; a missing one is a default, one of the wrong type makes `ok` false. The
/// document must outlive it.
class Fields {
public:
    explicit Fields(const bson_t& document) : document_(document) {}

    bool has(const char* key) const;
    std::string text(const char* key);
    std::uint64_t number(const char* key);
    bool flag(const char* key);
    WallTime time(const char* key);
    template <class AnyId>
    AnyId id(const char* key) {
        AnyId result;
        read_object_id(key, result.bytes);
        return result;
    }
    /// The embedded document or array under `key`; an empty one if there is none.
    Document document(const char* key);
    bool ok() const { return ok_; }

private:
    bool find(const char* key, bson_iter_t& at) const;
    void read_object_id(const char* key, std::array<std::uint8_t, 12>& bytes);

    const bson_t& document_;
    bool ok_ = true;
};

/// `json` (an object, as written by encode_body) as an embedded document; exact: strings keep every byte,
/// whole numbers up to 2^63 - 1 stay whole; an array within an array becomes {"list": [...]}, so no array may
/// hold an object of just that form. Nothing if it is not an object or holds a larger number.
std::optional<Document> document_from_json(std::string_view json);
/// The inverse.
std::string json_from_document(const bson_t& document);

}  // namespace warren::adapters::mongo
