#include "adapters/mongo/block_store.hpp"

#include <algorithm>

#include "adapters/mongo/schema.hpp"
#include "base/log.hpp"

namespace warren::adapters::mongo {
namespace {

std::string key_of(const Block& block) {
    return block.blocker.hex() + block.blocked.hex();
}

Result<std::vector<Block>> find_blocks(Call& call, const Document& filter) {
    std::vector<Block> out;
    const auto each = [&out](const bson_t& found) -> Result<void> {
        Fields in(found);
        out.push_back({in.id<UserId>("blockerId"), in.id<UserId>("blockedId")});
        if (in.ok()) return {};
        log::error("mongodb_document_damaged", {{"what", "block"}});
        return Error(Errc::internal, "A stored document could not be decoded.");
    };
    WARREN_TRY_VOID(call.find(kBlocks, filter, {}, each));
    return out;
}

}  // namespace

Result<std::vector<Block>> existing_blocks(Call& call, const std::vector<Block>& asked) {
    if (asked.empty()) return std::vector<Block>{};
    std::vector<std::string> keys;
    for (const auto& block : asked)
        keys.push_back(key_of(block));
    return find_blocks(call, any_of("_id", keys));
}

Task<Result<void>> BlockStore::put(Block block, Deadline deadline) {
    auto ask = [block](Call& call) -> Result<void> {
        std::vector<Document> documents(1);
        documents.front().add("_id", key_of(block));
        documents.front().add("blockerId", block.blocker).add("blockedId", block.blocked);
        WARREN_TRY_VOID(call.insert_missing(kBlocks, documents));
        return {};
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<void>> BlockStore::remove(Block block, Deadline deadline) {
    auto ask = [block](Call& call) {
        Document filter;
        filter.add("_id", key_of(block));
        return call.remove(kBlocks, filter);
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<UserId>>> BlockStore::blocked_by(UserId blocker, Deadline deadline) {
    auto ask = [blocker](Call& call) -> Result<std::vector<UserId>> {
        Document filter;
        filter.add("blockerId", blocker);
        WARREN_TRY(blocks, find_blocks(call, filter));
        std::vector<UserId> out;
        for (const auto& block : blocks)
            out.push_back(block.blocked);
        std::sort(out.begin(), out.end());
        return out;
    };
    return database_.run(deadline, std::move(ask));
}

Task<Result<std::vector<Block>>> BlockStore::existing(std::vector<Block> asked, Deadline deadline) {
    auto ask = [asked = std::move(asked)](Call& call) { return existing_blocks(call, asked); };
    return database_.run(deadline, std::move(ask));
}

}  // namespace warren::adapters::mongo
