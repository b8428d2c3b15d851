#include "adapters/mongo/document.hpp"

#include <boost/json.hpp>

namespace warren::adapters::mongo {
namespace {

namespace json = boost::json;

int length_of(std::string_view text) {
    return static_cast<int>(text.size());
}

// libbson's own JSON functions speak "extended JSON": they would turn an object {"$oid": ...} into something
// else and a string with a NUL into a shorter one. A body must come back as it was.
bool put(Document& out, std::string_view key, const json::value& value);

bool put_object(Document& out, const json::object& object) {
    for (const auto& [key, value] : object) {
        if (!put(out, key, value)) return false;
    }
    return true;
}

// Some compatible servers refuse an array directly within an array, so such a one is put into a document.
constexpr const char* kInnerArray = "list";

bool put_array(Document& out, const json::array& array) {
    std::size_t index = 0;
    for (const auto& value : array) {
        const auto key = std::to_string(index++);
        const bool good =
            value.is_array() ? put(out, key, json::object{{kInnerArray, value}}) : put(out, key, value);
        if (!good) return false;
    }
    return true;
}

bool put_child(Document& out, std::string_view key, const json::value& value) {
    Document child;
    const bool good =
        value.is_object() ? put_object(child, value.get_object()) : put_array(child, value.get_array());
    if (!good) return false;
    if (value.is_object()) return bson_append_document(out.get(), key.data(), length_of(key), child.get());
    return bson_append_array(out.get(), key.data(), length_of(key), child.get());
}

bool put(Document& out, std::string_view key, const json::value& value) {
    if (key.find('\0') != std::string_view::npos) return false;
    switch (value.kind()) {
        case json::kind::null:
            out.add_null(key);
            return true;
        case json::kind::bool_:
            out.add(key, value.get_bool());
            return true;
        case json::kind::int64:
            out.add(key, value.get_int64());
            return true;
        case json::kind::uint64:  // Boost uses it only for what int64 cannot hold.
            return false;
        case json::kind::double_:
            out.add(key, value.get_double());
            return true;
        case json::kind::string:
            out.add(key, std::string_view(value.get_string()));
            return true;
        case json::kind::array:
        case json::kind::object:
            return put_child(out, key, value);
    }
    return false;
}

json::value value_at(const bson_iter_t& at);

std::optional<bson_iter_t> children_of(const bson_iter_t& at) {
    bson_iter_t child;
    if (!bson_iter_recurse(&at, &child)) return std::nullopt;
    return child;
}

json::object object_at(const bson_iter_t& before_first) {
    auto at = before_first;
    json::object out;
    while (bson_iter_next(&at))
        out.emplace(bson_iter_key(&at), value_at(at));
    return out;
}

json::array array_at(const bson_iter_t& before_first) {
    auto at = before_first;
    json::array out;
    while (bson_iter_next(&at)) {
        auto value = value_at(at);
        auto* object = value.if_object();
        auto* inner = object && object->size() == 1 ? object->if_contains(kInnerArray) : nullptr;
        if (inner && inner->is_array()) {
            auto list = std::move(inner->get_array());
            out.push_back(std::move(list));
        } else {
            out.push_back(std::move(value));
        }
    }
    return out;
}

json::value value_at(const bson_iter_t& at) {
    if (BSON_ITER_HOLDS_UTF8(&at)) {
        std::uint32_t size = 0;
        const char* text = bson_iter_utf8(&at, &size);
        return json::string(std::string_view(text, size));
    }
    if (BSON_ITER_HOLDS_INT32(&at) || BSON_ITER_HOLDS_INT64(&at)) return bson_iter_as_int64(&at);
    if (BSON_ITER_HOLDS_BOOL(&at)) return bson_iter_bool(&at);
    if (BSON_ITER_HOLDS_DOUBLE(&at)) return bson_iter_double(&at);
    const auto children = children_of(at);
    if (children && BSON_ITER_HOLDS_DOCUMENT(&at)) return object_at(*children);
    if (children && BSON_ITER_HOLDS_ARRAY(&at)) return array_at(*children);
    return nullptr;
}

}  // namespace

Document& Document::add(std::string_view key, std::string_view text) {
    bson_append_utf8(get(), key.data(), length_of(key), text.data() ? text.data() : "", length_of(text));
    return *this;
}
Document& Document::add(std::string_view key, const Document& document) {
    bson_append_document(get(), key.data(), length_of(key), document.get());
    return *this;
}
Document& Document::add(std::string_view key, const List& list) {
    bson_append_array(get(), key.data(), length_of(key), list.as_document().get());
    return *this;
}
Document& Document::add(std::string_view key, bool value) {
    bson_append_bool(get(), key.data(), length_of(key), value);
    return *this;
}
Document& Document::add(std::string_view key, double value) {
    bson_append_double(get(), key.data(), length_of(key), value);
    return *this;
}
Document& Document::add(std::string_view key, WallTime time) {
    bson_append_date_time(get(), key.data(), length_of(key), time.time_since_epoch().count());
    return *this;
}
Document& Document::add_null(std::string_view key) {
    bson_append_null(get(), key.data(), length_of(key));
    return *this;
}
Document& Document::add_regex(std::string_view key, const std::string& pattern) {
    bson_append_regex(get(), key.data(), length_of(key), pattern.c_str(), "");
    return *this;
}
Document& Document::add_int32(std::string_view key, std::int32_t number) {
    bson_append_int32(get(), key.data(), length_of(key), number);
    return *this;
}
Document& Document::add_int64(std::string_view key, std::int64_t number) {
    bson_append_int64(get(), key.data(), length_of(key), number);
    return *this;
}
Document& Document::add_object_id(std::string_view key, const std::array<std::uint8_t, 12>& bytes) {
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, bytes.data());
    bson_append_oid(get(), key.data(), length_of(key), &oid);
    return *this;
}

bool Fields::find(const char* key, bson_iter_t& at) const {
    return bson_iter_init_find(&at, &document_, key);
}

bool Fields::has(const char* key) const {
    bson_iter_t at;
    return find(key, at);
}

std::string Fields::text(const char* key) {
    bson_iter_t at;
    if (!find(key, at)) return {};
    if (!BSON_ITER_HOLDS_UTF8(&at)) {
        ok_ = false;
        return {};
    }
    std::uint32_t size = 0;
    const char* text = bson_iter_utf8(&at, &size);
    return {text, size};
}

std::uint64_t Fields::number(const char* key) {
    bson_iter_t at;
    if (!find(key, at)) return 0;
    const bool whole = BSON_ITER_HOLDS_INT32(&at) || BSON_ITER_HOLDS_INT64(&at);
    const bool fits = BSON_ITER_HOLDS_DOUBLE(&at) && bson_iter_double(&at) < 9e15;  // A shell wrote it.
    const auto number = whole || fits ? bson_iter_as_int64(&at) : -1;
    if (number < 0) ok_ = false;
    return ok_ ? static_cast<std::uint64_t>(number) : 0;
}

bool Fields::flag(const char* key) {
    bson_iter_t at;
    if (!find(key, at)) return false;
    if (!BSON_ITER_HOLDS_BOOL(&at)) ok_ = false;
    return ok_ && bson_iter_bool(&at);
}

WallTime Fields::time(const char* key) {
    bson_iter_t at;
    if (!find(key, at)) return {};
    if (BSON_ITER_HOLDS_DATE_TIME(&at)) return WallTime(std::chrono::milliseconds(bson_iter_date_time(&at)));
    ok_ = false;
    return {};
}

void Fields::read_object_id(const char* key, std::array<std::uint8_t, 12>& bytes) {
    bson_iter_t at;
    if (!find(key, at)) return;
    if (BSON_ITER_HOLDS_OID(&at)) {
        std::copy_n(bson_iter_oid(&at)->bytes, bytes.size(), bytes.begin());
    } else {
        ok_ = false;
    }
}

Document Fields::document(const char* key) {
    bson_iter_t at;
    if (!find(key, at)) return {};
    std::uint32_t size = 0;
    const std::uint8_t* data = nullptr;
    if (BSON_ITER_HOLDS_DOCUMENT(&at)) bson_iter_document(&at, &size, &data);
    if (BSON_ITER_HOLDS_ARRAY(&at)) bson_iter_array(&at, &size, &data);
    bson_t view;
    if (data != nullptr && bson_init_static(&view, data, size)) return Document(view);
    ok_ = false;
    return {};
}

std::optional<Document> document_from_json(std::string_view text) {
    boost::system::error_code failed;
    const auto value = json::parse(text, failed);
    Document out;
    if (failed || !value.is_object() || !put_object(out, value.get_object())) return std::nullopt;
    return out;
}

std::string json_from_document(const bson_t& document) {
    bson_iter_t at;
    if (!bson_iter_init(&at, &document)) return "{}";
    return json::serialize(object_at(at));
}

}  // namespace warren::adapters::mongo
