#pragma once
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "model/block.hpp"

namespace warren {

/// Who has blocked whom. Thread-safe. Writes are durable on return, and every read that begins after that, on
/// any node, sees them. Every call may fail with `unavailable`, `timed_out` or `overloaded`. Contract:
/// tests/contract/block_store_contract.hpp  @see docs/storage.md#blocks
class BlockStore {
public:
    virtual ~BlockStore() = default;

    /// Nothing where it is there already.
    virtual Task<Result<void>> put(Block block, Deadline deadline) = 0;
    /// Nothing where there is none.
    virtual Task<Result<void>> remove(Block block, Deadline deadline) = 0;
    /// Whom `blocker` has blocked, ascending.
    virtual Task<Result<std::vector<UserId>>> blocked_by(UserId blocker, Deadline deadline) = 0;
    /// Those among `asked` that exist, in any order.
    virtual Task<Result<std::vector<Block>>> existing(std::vector<Block> asked, Deadline deadline) = 0;
};

}  // namespace warren
