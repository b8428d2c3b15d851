#include "base/error.hpp"

#include <array>
#include <stdexcept>

#include "base/result.hpp"

namespace warren {
namespace {

constexpr std::array kTable = {
    ErrcInfo{Errc::invalid, "invalid", 400, false, "The request is not valid."},
    ErrcInfo{Errc::too_large, "too_large", 413, false, "That is larger than is allowed."},
    ErrcInfo{Errc::unknown_event, "unknown_event", 404, false, "There is no such event."},
    ErrcInfo{Errc::unauthenticated, "unauthenticated", 401, false, "Please sign in."},
    ErrcInfo{Errc::forbidden, "forbidden", 403, false, "You are not allowed to do that."},
    ErrcInfo{Errc::not_found, "not_found", 404, false, "There is no such thing, or it is not yours to see."},
    ErrcInfo{Errc::conflict, "conflict", 409, false, "That contradicts what is already there."},
    ErrcInfo{Errc::nonce_conflict, "nonce_conflict", 409, false,
             "This nonce was used before for something else; use a new one."},
    ErrcInfo{Errc::taken, "taken", 409, true, "Someone else was faster; please try again."},
    ErrcInfo{Errc::rate_limited, "rate_limited", 429, true, "Too many requests; please wait a moment."},
    ErrcInfo{Errc::overloaded, "overloaded", 503, true, "The server is busy; please try again soon."},
    ErrcInfo{Errc::unavailable, "unavailable", 503, true,
             "The server cannot do that now; please try again soon."},
    ErrcInfo{Errc::timed_out, "timed_out", 504, true,
             "That took too long; it may or may not have happened. Please try again."},
    ErrcInfo{Errc::internal, "internal", 500, false, "Something went wrong on our side."},
};

}  // namespace

const ErrcInfo& info(Errc code) {
    return kTable.at(static_cast<std::size_t>(code) - 1);
}

std::span<const ErrcInfo> all_errcs() {
    return kTable;
}

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    throw std::logic_error(std::string("unchecked error ") + std::string(info(error.code).wire_name) + ": " +
                           error.message + " at " + where.file_name() + ":" + std::to_string(where.line()));
}

}  // namespace warren
