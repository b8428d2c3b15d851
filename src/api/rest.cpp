#include "api/rest.hpp"

#include <algorithm>
#include <charconv>

#include "http/address.hpp"

namespace warren::api {
namespace {

constexpr std::size_t kSearchLimit = 50, kSearchLimitMax = 100, kPageMax = 1'000'000, kQueryBytesMax = 256;

/// A whole number from `min` on, at most `max`; `fallback` where there is none.
std::size_t number_of(const std::optional<std::string>& text, std::size_t fallback, std::size_t max) {
    std::size_t value = 0;
    if (!text || text->empty()) return fallback;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc::result_out_of_range) return max;
    if (error != std::errc{} || end != text->data() + text->size() || value == 0) return fallback;
    return std::min(value, max);
}

Task<http::Response> no_such_call(http::Request) {
    co_return bad(Error(Errc::unknown_event, "There is no such call."));
}

prometheus::Counter& attempts(Metrics& metrics, const char* outcome) {
    return metrics.counter("warren_sign_ins_total", "Sign-in attempts by outcome.", {{"outcome", outcome}});
}

}  // namespace

Rest::Rest(chat::Accounts& accounts, Clock& clock, Metrics& metrics, SignOutEverywhere sign_out,
           RestOptions options)
    : accounts_(accounts),
      clock_(clock),
      sign_out_everywhere_(std::move(sign_out)),
      options_(std::move(options)),
      by_address_(options_.sign_ins_per_address, options_.keys_max, options_.salt),
      by_account_(options_.sign_ins_per_account, options_.keys_max, options_.salt),
      calls_(options_.calls_per_address, options_.keys_max, options_.salt),
      searches_(options_.searches_per_user, options_.keys_max, options_.salt),
      signed_in_(attempts(metrics, "ok")),
      refused_(attempts(metrics, "refused")),
      limited_(attempts(metrics, "rate_limited")) {}

void Rest::attach(http::Server& server) {
    add(server, "/api/v1/auth/sign-in", http::Method::post, &Rest::sign_in);
    add(server, "/api/v1/auth/sign-out", http::Method::post, &Rest::sign_out);
    add(server, "/api/v1/user/me", http::Method::get, &Rest::me);
    add(server, "/api/v1/public/search", http::Method::get, &Rest::search);
    server.route_prefix("/api/", no_such_call);
}

void Rest::add(http::Server& server, const std::string& path, http::Method method, Call call) {
    // Not a coroutine itself: it only makes one, which keeps copies of what was captured.
    server.route(path, [this, method, call](http::Request request) {
        return dispatch(std::move(request), method, call);
    });
}

Task<http::Response> Rest::dispatch(http::Request request, http::Method method, Call call) {
    const std::string origin(request.header("Origin"));
    const bool is_head = request.method == http::Method::head && method == http::Method::get;
    http::Response response(204);
    if (const auto wait = calls_.take(http::address_key(request.remote), clock_.now()); wait.count() > 0) {
        response = refuse_for(wait);
    } else if (request.method == method || is_head) {
        auto calling = (this->*call)(std::move(request));
        response = co_await std::move(calling);
    } else if (request.method == http::Method::options) {
        response.header("Access-Control-Allow-Methods", "GET, POST");
        response.header("Access-Control-Allow-Headers", "Content-Type, Authorization");
        response.header("Access-Control-Max-Age", "600");
    } else {
        const std::string allowed = method == http::Method::get ? "GET" : "POST";
        const Error error(Errc::invalid, "This call takes " + allowed + ".");
        response = bad(error, 405);
        response.header("Allow", allowed);
    }
    allow_origin(origin, response);
    co_return response;
}

void Rest::allow_origin(const std::string& origin, http::Response& response) const {
    const auto& allowed = options_.cors_origin;
    if (origin.empty() || allowed.empty()) return;
    response.header("Access-Control-Allow-Origin", allowed);
    if (allowed == "*") return;
    response.header("Vary", "Origin");
    response.header("Access-Control-Allow-Credentials", "true");
}

http::Response Rest::refuse(const Error& error) const {
    auto response = bad(error);
    // A page that sees `userId` believes that somebody is signed in, and would try for ever.
    if (response.status == 401) clear_cookies(response, {options_.secure_cookies});
    return response;
}

http::Response Rest::refuse_for(std::chrono::milliseconds wait) const {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
    return refuse(Error(Errc::rate_limited,
                        "Too many requests; please try again in " + std::to_string(seconds.count()) + " s.",
                        seconds));
}

std::chrono::milliseconds Rest::count_attempt(const std::string& address, const std::string& account) {
    const auto now = clock_.now();
    if (const auto wait = by_address_.take(address, now); wait.count() > 0) return wait;
    const auto wait = by_account_.take(account, now);
    if (wait.count() > 0) by_address_.give_back(address);
    return wait;
}

Task<http::Response> Rest::sign_in(http::Request request) {
    auto body = object_of(request);
    if (!body) co_return refuse(body.error());
    auto email = text_of(*body, "email"), password = text_of(*body, "password");
    if (email.empty() || password.empty()) {
        co_return refuse(Error(Errc::invalid, "Give your email and password."));
    }
    const auto address = http::address_key(request.remote), account = canonical_email(email);
    if (const auto wait = count_attempt(address, account); wait.count() > 0) {
        limited_.Increment();
        co_return refuse_for(wait);
    }
    auto signing = accounts_.sign_in(std::move(email), std::move(password), deadline());
    auto signed_in = co_await std::move(signing);
    if (!signed_in) {
        refused_.Increment();
        co_return refuse(signed_in.error());
    }
    // Only failures count, so that neither a shared address nor many devices lock anybody out.
    by_address_.give_back(address);
    by_account_.give_back(account);
    signed_in_.Increment();
    json::object data{{"userId", signed_in->user.id.hex()}, {"expiresAt", to_iso8601(signed_in->expires_at)}};
    auto response = good(201, "Signed in.", std::move(data));
    const auto lifetime = std::chrono::floor<std::chrono::seconds>(signed_in->expires_at - clock_.wall());
    set_cookies(response, signed_in->token, signed_in->user.id, lifetime, {options_.secure_cookies});
    co_return response;
}

Task<http::Response> Rest::sign_out(http::Request request) {
    auto asking = accounts_.who_is(token_of(request), deadline());
    auto user = co_await std::move(asking);
    if (!user) co_return refuse(user.error());
    auto ending = accounts_.end_sessions(user->id, deadline());
    auto ended = co_await std::move(ending);
    if (!ended) co_return refuse(ended.error());
    sign_out_everywhere_(user->id);
    auto response = good(200, "Signed out.");
    clear_cookies(response, {options_.secure_cookies});
    co_return response;
}

Task<http::Response> Rest::me(http::Request request) {
    auto token = token_of(request);
    auto asking = accounts_.who_is(token, deadline());
    auto user = co_await std::move(asking);
    if (!user) co_return refuse(user.error());
    co_return good(201, "This is you.", own_profile(*user, accounts_.socket_token_of(token)));
}

Task<http::Response> Rest::search(http::Request request) {
    auto asking = accounts_.who_is(token_of(request), deadline());
    auto user = co_await std::move(asking);
    if (!user) co_return refuse(user.error());
    if (const auto wait = searches_.take(user->id.hex(), clock_.now()); wait.count() > 0) {
        co_return refuse_for(wait);
    }
    if (request.query_value("type") != "user") {
        co_return refuse(Error(Errc::invalid, "Only people can be searched: give type=user."));
    }
    auto query = request.query_value("query");
    if (!query || query->empty())
        co_return refuse(Error(Errc::invalid, "Give query, a phone number or part of a name."));
    if (query->size() > kQueryBytesMax) {
        co_return refuse(Error(Errc::too_large, "The query is longer than " + std::to_string(kQueryBytesMax) +
                                                    " bytes of UTF-8."));
    }
    const auto page = number_of(request.query_value("page"), 1, kPageMax);
    const auto limit = number_of(request.query_value("limit"), kSearchLimit, kSearchLimitMax);
    auto searching = accounts_.search(std::move(*query), page, limit, deadline());
    auto found = co_await std::move(searching);
    if (!found) co_return refuse(found.error());
    json::array users;
    for (const auto& person : *found)
        users.push_back(found_person(person));
    json::object data{{"users", std::move(users)}, {"page", page}, {"limit", limit}};
    co_return good(200, "Found.", std::move(data));
}

}  // namespace warren::api
