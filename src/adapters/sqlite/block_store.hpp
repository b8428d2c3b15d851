#pragma once
#include "adapters/sqlite/database.hpp"
#include "ports/block_store.hpp"

namespace warren::adapters::sqlite {

/// Table `blocks`. `database` outlives it and its calls. @see docs/storage.md#blocks
class BlockStore final : public warren::BlockStore {
public:
    explicit BlockStore(Database& database) : database_(database) {}

    Task<Result<void>> put(Block block, Deadline deadline) override;
    Task<Result<void>> remove(Block block, Deadline deadline) override;
    Task<Result<std::vector<UserId>>> blocked_by(UserId blocker, Deadline deadline) override;
    Task<Result<std::vector<Block>>> existing(std::vector<Block> asked, Deadline deadline) override;

private:
    Database& database_;
};

/// Those among `asked` that exist.
Result<std::vector<Block>> existing_blocks(Connection& connection, const std::vector<Block>& asked);

}  // namespace warren::adapters::sqlite
