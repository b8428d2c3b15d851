#include "api/answers.hpp"

namespace warren::api {
namespace {

http::Response answer(unsigned status, const json::object& body) {
    auto response = http::Response::json(status, json::serialize(body));
    response.header("Cache-Control", "no-store");
    return response;
}

void set_cookie(http::Response& response, std::string cookie, std::chrono::seconds lifetime, bool http_only,
                CookieOptions options) {
    cookie += "; Path=/; Max-Age=" + std::to_string(lifetime.count());
    if (http_only) cookie += "; HttpOnly";
    cookie += "; SameSite=Strict";
    if (options.secure) cookie += "; Secure";
    response.header("Set-Cookie", cookie);
}

bool is_json(std::string_view content_type) {
    const auto end = content_type.find_first_of("; ");
    const auto type = content_type.substr(0, end);
    constexpr std::string_view kJson = "application/json";
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    return type.empty() || std::equal(type.begin(), type.end(), kJson.begin(), kJson.end(), same);
}

}  // namespace

http::Response good(unsigned status, std::string_view message, json::value data) {
    json::object body{{"success", true}, {"msg", message}};
    if (!data.is_null()) body["data"] = std::move(data);
    return answer(status, body);
}

http::Response bad(const Error& error, unsigned status) {
    const json::object body{{"success", false}, {"msg", error.message}, {"code", info(error.code).wire_name}};
    auto response = answer(status, body);
    if (error.retry_after.count() > 0) {
        response.header("Retry-After", std::to_string(error.retry_after.count()));
    }
    return response;
}

http::Response bad(const Error& error) {
    return bad(error, static_cast<unsigned>(info(error.code).http_status));
}

void set_cookies(http::Response& response, std::string_view token, UserId user, std::chrono::seconds lifetime,
                 CookieOptions options) {
    set_cookie(response, "token=" + std::string(token), lifetime, true, options);
    set_cookie(response, "userId=" + user.hex(), lifetime, false, options);
}

void clear_cookies(http::Response& response, CookieOptions options) {
    set_cookie(response, "token=", std::chrono::seconds{0}, true, options);
    set_cookie(response, "userId=", std::chrono::seconds{0}, false, options);
}

std::string token_of(const http::Request& request) {
    constexpr std::string_view kBearer = "bearer ";
    const auto authorization = request.header("Authorization");
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    if (authorization.size() > kBearer.size() &&
        std::equal(kBearer.begin(), kBearer.end(), authorization.begin(),
                   [&](char b, char a) { return same(a, b); })) {
        return std::string(authorization.substr(kBearer.size()));
    }
    return std::string(request.cookie("token").value_or(""));
}

Result<json::object> object_of(const http::Request& request) {
    if (!is_json(request.header("Content-Type"))) {
        return Error(Errc::invalid, "Send the body as JSON, with the header Content-Type: application/json.");
    }
    json::parse_options options;
    options.max_depth = 8;
    boost::system::error_code failure;
    auto value = json::parse(request.body, failure, {}, options);
    if (failure) return Error(Errc::invalid, "The body is not JSON: " + failure.message() + ".");
    if (!value.is_object()) return Error(Errc::invalid, "The body is not a JSON object.");
    return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string(*text) : std::string{};
}

json::object own_profile(const User& user, std::string_view socket_token) {
    return {{"_id", user.id.hex()},
            {"name", user.name},
            {"email", user.email},
            {"phoneNo", user.phone},
            {"image", user.image},
            {"socketToken", socket_token},
            {"createdAt", to_iso8601(user.created_at)}};
}

json::object found_person(const User& user) {
    return {{"_id", user.id.hex()}, {"name", user.name}, {"phoneNo", user.phone}, {"image", user.image}};
}

}  // namespace warren::api
