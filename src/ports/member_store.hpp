#pragma once
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "model/member_state.hpp"

namespace warren {

/// How far people have come in channels, and what they have set for themselves there: one row per channel and
/// person who ever did either. Beside the log, and not derived from it. Thread-safe. Every call may fail with
/// `unavailable`, `timed_out` or `overloaded`. Contract: tests/contract/member_store_contract.hpp
/// @see docs/storage.md#member-states
class MemberStore {
public:
    virtual ~MemberStore() = default;

    /// Applies every update to its row, made where absent, as `apply` of model/member_state.hpp says. Each
    /// row at most once a call, at most a few hundred. Watermarks merge in any order and repeatedly; of
    /// settings the call that comes last holds, field by field. Durable on return. After an error any of them
    /// may be applied, now or later.
    virtual Task<Result<void>> merge(std::vector<MemberUpdate> updates, Deadline deadline) = 0;

    /// The rows that exist among `keys`, in any order, each once. Reflects every merge that was acknowledged
    /// to anybody before the call.
    virtual Task<Result<std::vector<MemberState>>> at(std::vector<MemberKey> keys, Deadline deadline) = 0;
};

}  // namespace warren
