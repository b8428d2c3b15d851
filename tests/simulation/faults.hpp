#pragma once
#include "tests/simulation/world.hpp"

namespace warren::simulation {

/// How often what goes wrong, per call or message. Drawn anew for each seed; all zero in the quiet phase.
struct Faults {
    // The store.
    double refused = 0;       ///< Answers `unavailable` at once, and nothing happened.
    double slow = 0;          ///< Takes up to a second.
    double reply_lost = 0;    ///< Happens, but the caller's deadline passes.
    double request_lost = 0;  ///< Does not happen, and the caller's deadline passes.
    double late = 0;          ///< A write that happens after its deadline has passed.
    double half = 0;          ///< An insert that stops within its run and fails.
    double stale = 0;         ///< A read answered from up to 3 s ago, as far as causality allows.
    double stale_ranges = 0;  ///< Likewise, but only ranges of entries, never heads.
    double stall = 0;         ///< A write that is committed only a second later, and so are those after it.
    // The bus.
    double dropped = 0;        ///< A message that does not reach one queue, and nobody knows.
    double repeated = 0;       ///< A message that reaches one queue twice.
    double delayed = 0;        ///< A message that is overtaken by others, for up to 3 s.
    double publish_fails = 0;  ///< A publish that fails and is not delivered.
    double publish_lies = 0;   ///< A publish that fails although it is delivered.
    double bind_slow = 0;      ///< A binding that stands only after up to 1.5 s.
    // Once in so many seconds, on average; 0: never.
    double failover_every = 0;
    double store_outage_every = 0;
    double broker_restart_every = 0;
    double queue_lost_every = 0;
    double kill_every = 0;
    double pause_every = 0;

    /// Whether everything that goes wrong can be noticed by somebody who is there, so that it has to be
    /// healed within 10 s.
    bool noticeable() const { return dropped == 0 && late == 0 && stale == 0 && delayed == 0; }
};

}  // namespace warren::simulation
