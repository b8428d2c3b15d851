#pragma once
#include <mongoc/mongoc.h>

#include <chrono>
#include <mutex>
#include <string>

#include "base/error.hpp"

namespace warren::adapters::mongo {

/// What a failed call of libmongoc (error API version 2) means. `unauthenticated` (the server refused the
/// password) and `forbidden` (the user lacks a right) are for `check` and `prepare`; the ports know only
/// `unavailable` and `timed_out` of these. libmongoc tells a lost connection from a silent one by no code:
/// both are `unavailable`; the deadline of a call is kept by run_until.
/// @errors taken, timed_out, unauthenticated, forbidden, invalid (what was to be stored), unavailable
Errc errc_of(const bson_error_t& failure);

/// What the server or libmongoc says of it, without what it quotes: a message may cite the command or
/// document that was refused, and with it what people wrote.
std::string text_of(const bson_error_t& failure);

/// Logs failures of one database, the same one at most once a second: a server that is down fails every call.
/// Thread-safe.
class FailureLog {
public:
    void note(const bson_error_t& failure, Errc meaning);

private:
    std::mutex mutex_;
    std::string last_;
    std::chrono::steady_clock::time_point last_at_{};
};

}  // namespace warren::adapters::mongo
