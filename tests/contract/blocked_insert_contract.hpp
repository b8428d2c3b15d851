#pragma once
#include <gmock/gmock.h>

#include "ports/block_store.hpp"
#include "ports/entry_store.hpp"
#include "tests/contract/port_case.hpp"

namespace warren::testing {

/// A node's logs and blocks, of one database.
struct EntriesAndBlocks {
    EntryStore& entries;
    BlockStore& blocks;
};

/// What of EntryStore::insert depends on another port. @see tests/contract/port_case.hpp
class BlockedInsertContract : public PortContract<EntriesAndBlocks> {
protected:
    Result<void> insert(Seq seq, Unless unless) {
        Entry entry;
        entry.channel = channel;
        entry.seq = seq;
        entry.id = fresh<EntryId>();
        entry.sender = ann;
        entry.nonce = std::to_string(seq);
        entry.at = time(1);
        std::vector<EntryPtr> run{std::make_shared<const Entry>(std::move(entry))};
        return run_task(port().entries.insert(std::move(run), std::move(unless), soon()));
    }
    std::size_t stored() {
        return run_task(port().entries.range(channel, 1, 100, 100, soon())).value().size();
    }
    UserId ann = fresh<UserId>(), bob = fresh<UserId>();
    ChannelId channel = fresh<ChannelId>();
};

TEST_P(BlockedInsertContract, NothingIsStoredWhereOneOfTheBlocksExists) {
    const Unless blocked{true, {{ann, bob}, {bob, ann}}};
    ASSERT_TRUE(insert(1, blocked));
    ASSERT_TRUE(run_task(port().blocks.put({bob, ann}, soon())));
    EXPECT_EQ(insert(2, blocked).error(), Errc::taken);
    EXPECT_EQ(stored(), 1U);
    // The other way round is another block.
    EXPECT_TRUE(insert(2, {true, {{ann, bob}}}));
    ASSERT_TRUE(run_task(port().blocks.remove({bob, ann}, soon())));
    EXPECT_TRUE(insert(3, blocked));
    EXPECT_EQ(stored(), 3U);
}

}  // namespace warren::testing
