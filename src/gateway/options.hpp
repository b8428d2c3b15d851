#pragma once
#include <chrono>
#include <cstddef>
#include <string>

namespace warren::gateway {

/// So many in a span of time; all of them may come at once. A count of 0 is no limit.
struct Rate {
    std::size_t count = 0;
    std::chrono::milliseconds per{1000};
};

/// What an event is counted as.
enum class RateClass { send, create, read, sync, search, receipt };

/// One rate for each RateClass.
struct Rates {
    Rate send{100, std::chrono::seconds{5}};      ///< message:new, :edit, :delete, :react
    Rate create{30, std::chrono::seconds{60}};    ///< group:*
    Rate read{200, std::chrono::seconds{10}};     ///< messages:get, channels:list, members:get, server:info
    Rate sync{30, std::chrono::seconds{30}};      ///< channels:get, sync
    Rate search{20, std::chrono::seconds{10}};    ///< messages:search
    Rate receipt{300, std::chrono::seconds{10}};  ///< receipt:*, channel:state

    const Rate& of(RateClass c) const {
        switch (c) {
            case RateClass::send:
                return send;
            case RateClass::create:
                return create;
            case RateClass::read:
                return read;
            case RateClass::sync:
                return sync;
            case RateClass::search:
                return search;
            case RateClass::receipt:
                break;
        }
        return receipt;
    }
};

/// What bounds a node's clients beside chat::Limits; every value is a configuration key.
/// @see docs/configuration.md
struct Options {
    std::string node_name;  ///< What `server:info` answers.
    Rates connection_rates;
    /// Of all of one person's connections to this node together.
    Rates user_rates{.send{200, std::chrono::seconds{5}},
                     .create{60, std::chrono::seconds{60}},
                     .read{400, std::chrono::seconds{10}},
                     .sync{60, std::chrono::seconds{30}},
                     .search{40, std::chrono::seconds{10}},
                     .receipt{600, std::chrono::seconds{10}}};
    Rate address_rate;                            ///< Of all events from one address together.
    std::size_t connections_per_user_max = 50;    ///< On this node; 0: no limit.
    std::size_t connections_per_address_max = 0;  ///< An IPv6 address counts by its /64; 0: no limit.
    std::size_t events_in_flight_max = 100;       ///< Of one connection, not answered yet.
    std::size_t early_bytes_max = 1'000'000;      ///< Pushes that wait for the CONNECT answer to be queued.
    std::chrono::milliseconds event_timeout{10'000};
    std::chrono::milliseconds admission_timeout{10'000};
    std::chrono::milliseconds reconnect_jitter{2'000};  ///< A transport is closed within so long.
    std::chrono::seconds recheck_period{300};  ///< How often sessions are looked up again in the store.
};

}  // namespace warren::gateway
