#include "adapters/mongo/failure.hpp"

#include <string_view>

#include "base/log.hpp"

namespace warren::adapters::mongo {
namespace {

// The servers' own codes, from MongoDB's error_codes.yml.
constexpr std::uint32_t kBadValue = 2;
constexpr std::uint32_t kUnauthorized = 13;
constexpr std::uint32_t kAuthenticationFailed = 18;
constexpr std::uint32_t kMaxTimeExpired = 50;
constexpr std::uint32_t kWriteConcernFailed = 64;
constexpr std::uint32_t kNetworkTimeout = 89;
constexpr std::uint32_t kExceededTimeLimit = 262;
constexpr std::uint32_t kInvalidDocument = 121;
constexpr std::uint32_t kTooLarge = 10334;
constexpr std::uint32_t kAtlasError = 8000;

Errc of_server(std::uint32_t code) {
    switch (code) {
        case MONGOC_ERROR_DUPLICATE_KEY:
        case 11001:
        case 12582:
            return Errc::taken;
        case kMaxTimeExpired:
        case kWriteConcernFailed:
        case kNetworkTimeout:
        case kExceededTimeLimit:
            return Errc::timed_out;
        case kBadValue:
        case kTooLarge:
        case kInvalidDocument:
            return Errc::invalid;
        case kUnauthorized:
            return Errc::forbidden;
        case kAuthenticationFailed:
        case kAtlasError:
            return Errc::unauthenticated;
        default:
            return Errc::unavailable;
    }
}

}  // namespace

Errc errc_of(const bson_error_t& failure) {
    switch (failure.domain) {
        case MONGOC_ERROR_SERVER:
        case MONGOC_ERROR_WRITE_CONCERN:
            return of_server(failure.code);
        case MONGOC_ERROR_CLIENT:
            return failure.code == MONGOC_ERROR_CLIENT_AUTHENTICATE ? Errc::unauthenticated
                                                                    : Errc::unavailable;
        case MONGOC_ERROR_SERVER_SELECTION:
            // A server that refused the password is not chosen again for a while; only the text says why.
            return std::string_view(failure.message).find("uthentication") != std::string_view::npos
                       ? Errc::unauthenticated
                       : Errc::unavailable;
        case MONGOC_ERROR_SASL:
        case MONGOC_ERROR_SCRAM:
            return Errc::unauthenticated;
        case MONGOC_ERROR_BSON:
            return Errc::invalid;
        case MONGOC_ERROR_COMMAND:
            return failure.code == MONGOC_ERROR_COMMAND_INVALID_ARG ? Errc::invalid : Errc::unavailable;
        default:
            return Errc::unavailable;
    }
}

std::string text_of(const bson_error_t& failure) {
    const std::string_view whole(failure.message);
    std::string out(whole.substr(0, whole.find('{')));
    if (out.size() < whole.size()) out += "...";
    return out;
}

void FailureLog::note(const bson_error_t& failure, Errc meaning) {
    const auto text = text_of(failure);
    const auto now = std::chrono::steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        if (last_ == text && now - last_at_ < std::chrono::seconds(1)) return;
        last_ = text;
        last_at_ = now;
    }
    log::warn("mongodb_call_failed", {{"error", info(meaning).wire_name},
                                      {"domain", failure.domain},
                                      {"code", failure.code},
                                      {"message", text}});
}

}  // namespace warren::adapters::mongo
