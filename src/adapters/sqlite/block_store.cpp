#include "adapters/sqlite/block_store.hpp"

namespace warren::adapters::sqlite {

Result<std::vector<Block>> existing_blocks(Connection& connection, const std::vector<Block>& asked) {
    std::vector<Block> out;
    for (const auto& block : asked) {
        auto rows = connection.query("SELECT 1 FROM blocks WHERE blocker = ? AND blocked = ?", block.blocker,
                                     block.blocked);
        WARREN_TRY(row, rows.step());
        if (row) out.push_back(block);
    }
    return out;
}

Task<Result<void>> BlockStore::put(Block block, Deadline deadline) {
    auto work = [block](Connection& connection) {
        return connection
            .query("INSERT INTO blocks (blocker, blocked) VALUES (?,?) ON CONFLICT DO NOTHING", block.blocker,
                   block.blocked)
            .run();
    };
    return database_.write(deadline, sizeof block, std::move(work));
}

Task<Result<void>> BlockStore::remove(Block block, Deadline deadline) {
    auto work = [block](Connection& connection) {
        return connection
            .query("DELETE FROM blocks WHERE blocker = ? AND blocked = ?", block.blocker, block.blocked)
            .run();
    };
    return database_.write(deadline, sizeof block, std::move(work));
}

Task<Result<std::vector<UserId>>> BlockStore::blocked_by(UserId blocker, Deadline deadline) {
    auto query = [blocker](Connection& connection) -> Result<std::vector<UserId>> {
        auto rows =
            connection.query("SELECT blocked FROM blocks WHERE blocker = ? ORDER BY blocked", blocker);
        std::vector<UserId> out;
        for (;;) {
            WARREN_TRY(row, rows.step());
            if (!row) return out;
            out.push_back(rows.id<UserId>(0));
        }
    };
    return database_.read(deadline, std::move(query));
}

Task<Result<std::vector<Block>>> BlockStore::existing(std::vector<Block> asked, Deadline deadline) {
    auto query = [asked = std::move(asked)](Connection& connection) {
        return existing_blocks(connection, asked);
    };
    return database_.read(deadline, std::move(query));
}

}  // namespace warren::adapters::sqlite
