#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "api/answers.hpp"
#include "api/rate_table.hpp"
#include "base/metrics.hpp"
#include "chat/accounts.hpp"
#include "http/server.hpp"
#include "ports/clock.hpp"

namespace warren::api {

struct RestOptions {
    bool secure_cookies = false;
    std::string cors_origin;  ///< `*` for any, without credentials; empty: none.
    TryRate sign_ins_per_address{60, std::chrono::minutes{1}};
    TryRate sign_ins_per_account{10, std::chrono::minutes{1}};
    TryRate calls_per_address{6'000, std::chrono::minutes{1}};  ///< Of every call, sign-in too.
    TryRate searches_per_user{120, std::chrono::minutes{1}};
    std::size_t keys_max = 100'000;  ///< Addresses and accounts that are counted at once.
    std::uint64_t salt = 0;          ///< Random.
    std::chrono::milliseconds timeout{10'000};
};

/// The REST calls under /api/v1: sign-in, sign-out, user/me and search. Its handlers run on any shard;
/// everything it is given is thread-safe and outlives it, and it outlives the server.
/// @see docs/protocol.md#rest
class Rest {
public:
    /// Ends the connections of a person on every node. Thread-safe, returns at once.
    using SignOutEverywhere = std::function<void(UserId)>;

    Rest(chat::Accounts& accounts, Clock& clock, Metrics& metrics, SignOutEverywhere sign_out,
         RestOptions options);

    /// Adds the routes; before the server starts.
    void attach(http::Server& server);

    /// POST {email, password} -> 201 with cookies. @errors 400 missing, 401, 429, 503
    Task<http::Response> sign_in(http::Request request);
    /// POST -> 200, cookies cleared, every session and connection of the person ended.
    Task<http::Response> sign_out(http::Request request);
    /// GET -> 201 with the profile.
    Task<http::Response> me(http::Request request);
    /// GET ?type=user&query=Q&page=&limit= -> 200 {users, page, limit}
    Task<http::Response> search(http::Request request);

private:
    using Call = Task<http::Response> (Rest::*)(http::Request);
    void add(http::Server& server, const std::string& path, http::Method method, Call call);
    Task<http::Response> dispatch(http::Request request, http::Method method, Call call);
    void allow_origin(const std::string& origin, http::Response& response) const;
    http::Response refuse(const Error& error) const;
    http::Response refuse_for(std::chrono::milliseconds wait) const;
    Deadline deadline() const { return clock_.in(options_.timeout); }
    /// Zero if the attempt may go on.
    std::chrono::milliseconds count_attempt(const std::string& address, const std::string& account);

    chat::Accounts& accounts_;
    Clock& clock_;
    SignOutEverywhere sign_out_everywhere_;
    RestOptions options_;
    RateTable by_address_;
    RateTable by_account_;
    RateTable calls_;
    RateTable searches_;
    prometheus::Counter& signed_in_;
    prometheus::Counter& refused_;
    prometheus::Counter& limited_;
};

}  // namespace warren::api
