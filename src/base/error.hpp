#pragma once
#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace warren {

/// Every way a call may fail. One table (error.cpp) gives each its name on the wire, its HTTP status and
/// whether the same call may succeed later; gateway and api read nothing else. @see docs/protocol.md#errors
enum class Errc {
    invalid = 1,      ///< The input has the wrong shape, type or value.
    too_large,        ///< The input or the answer is over a documented limit.
    unknown_event,    ///< No such event or path.
    unauthenticated,  ///< No session, or one that has ended.
    forbidden,        ///< Known to the caller, but not theirs to do.
    not_found,        ///< Does not exist, or not for the caller to know.
    conflict,         ///< Contradicts what is stored (an e-mail in use, say).
    nonce_conflict,   ///< The nonce was used before for other content.
    taken,            ///< Stores only: one of the keys exists already.
    rate_limited,     ///< Too many of these; `Error::retry_after` says when.
    overloaded,       ///< A bounded queue is full.
    unavailable,      ///< A server this needs cannot be reached or trusted now.
    timed_out,        ///< The deadline passed; the outcome is unknown.
    internal,         ///< A broken invariant of ours.
};

/// What the table says of one Errc.
struct ErrcInfo {
    Errc code;
    std::string_view wire_name;
    int http_status;
    bool retryable;
    std::string_view default_message;  ///< A sentence for a person.
};

/// The row of `code`. Never fails.
const ErrcInfo& info(Errc code);
/// The whole table, for tests and generated documents.
std::span<const ErrcInfo> all_errcs();

/// A failed call: its code and a sentence for a person that says what to mend.
struct Error {
    Errc code;
    std::string message;
    std::chrono::seconds retry_after{0};

    /// What Boost's `error()` answers when there is none.
    Error() : Error(Errc::internal) {}
    Error(Errc c) : code(c), message(info(c).default_message) {}
    Error(Errc c, std::string m, std::chrono::seconds retry = std::chrono::seconds{0})
        : code(c), message(std::move(m)), retry_after(retry) {}

    friend bool operator==(const Error& e, Errc c) { return e.code == c; }
};

}  // namespace warren
