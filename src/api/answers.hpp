#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"
#include "model/user.hpp"

/// The shapes of docs/protocol.md, REST: bodies, cookies, and what is read from a request.
namespace warren::api {

namespace json = boost::json;

/// `{"success":true,"msg":MSG}`, with `data` unless it is null.
http::Response good(unsigned status, std::string_view message, json::value data = nullptr);
/// `{"success":false,"msg":...,"code":...}` with the status of the table, and Retry-After where it is known.
http::Response bad(const Error& error);
http::Response bad(const Error& error, unsigned status);

struct CookieOptions {
    bool secure = false;
};
/// Sets `token` and `userId` for `lifetime`.
void set_cookies(http::Response& response, std::string_view token, UserId user, std::chrono::seconds lifetime,
                 CookieOptions options);
void clear_cookies(http::Response& response, CookieOptions options);

/// The session token: from `Authorization: Bearer`, else from the cookie; empty if there is none.
std::string token_of(const http::Request& request);
/// The body as a JSON object. @errors invalid (saying what is wrong with it)
Result<json::object> object_of(const http::Request& request);
/// The text under `key`; empty if it is missing or no text.
std::string text_of(const json::object& object, std::string_view key);

/// How one is shown to oneself, and how others are.
json::object own_profile(const User& user, std::string_view socket_token);
json::object found_person(const User& user);

}  // namespace warren::api
