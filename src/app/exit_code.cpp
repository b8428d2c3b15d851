#include "app/exit_code.hpp"

namespace warren::app {

Exit exit_of(Errc code) {
    switch (code) {
        case Errc::unavailable:
        case Errc::timed_out:
        case Errc::overloaded:
        case Errc::rate_limited:
            return Exit::unavailable;
        case Errc::internal:
        case Errc::unknown_event:
            return Exit::failed;
        case Errc::invalid:
        case Errc::too_large:
        case Errc::unauthenticated:
        case Errc::forbidden:
        case Errc::not_found:
        case Errc::conflict:
        case Errc::nonce_conflict:
        case Errc::taken:
            return Exit::refused;
    }
    return Exit::failed;
}

}  // namespace warren::app
