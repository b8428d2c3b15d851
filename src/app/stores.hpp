#pragma once
#include <functional>
#include <memory>

#include "app/config.hpp"
#include "app/health.hpp"
#include "base/metrics.hpp"
#include "ports/block_store.hpp"
#include "ports/channel_store.hpp"
#include "ports/entry_store.hpp"
#include "ports/member_store.hpp"
#include "ports/user_store.hpp"

namespace warren::app {

/// The stores over one database, SQLite or MongoDB, as the configuration says. Holds the data folder,
/// so that one node (or one command that found none running) uses it.
class Stores {
public:
    virtual ~Stores() = default;
    virtual EntryStore& entries() = 0;
    virtual ChannelStore& channels() = 0;
    virtual MemberStore& members() = 0;
    virtual UserStore& users() = 0;
    virtual BlockStore& blocks() = 0;
    /// How health shows the store. Thread-safe.
    virtual Condition condition() const = 0;
    /// Gives back what is kept in memory to be fast and was hardly used since the last call. Thread-safe.
    virtual void give_memory_back() = 0;
    /// What it is, for a person: `SQLite in warren-data`.
    virtual std::string description() const = 0;
    /// Whether the store answers and lets us in; changes nothing. @errors unavailable and timed_out (it may
    /// come up yet); any other needs somebody to mend it, and says how
    virtual Task<Result<void>> check(Deadline deadline) = 0;
    /// Brings the schema up to this version; before the stores are used. @errors as `check`
    virtual Task<Result<void>> prepare(Deadline deadline) = 0;
};

/// Locks the data folder and opens what is local. MongoDB need not be up. `metrics` outlives it.
/// @errors unavailable, conflict (another process holds the folder, or a newer Warren wrote it), invalid (the
/// URL); each says what to mend
Result<std::unique_ptr<Stores>> open_stores(const Config& config, Metrics& metrics);

/// The same without the lock and for `check` only; nothing for SQLite, which has no server to ask.
Result<std::unique_ptr<Stores>> open_remote_stores(const Config& config, Metrics& metrics);

}  // namespace warren::app
