#include "adapters/mongo/database_test.hpp"
#include "tests/contract/block_store_contract.hpp"
#include "tests/contract/blocked_insert_contract.hpp"
#include "tests/contract/channel_store_contract.hpp"
#include "tests/contract/entry_search_contract.hpp"
#include "tests/contract/entry_store_contract.hpp"
#include "tests/contract/member_store_contract.hpp"
#include "tests/contract/user_store_contract.hpp"

namespace warren::testing {
namespace {

void require_mongodb() {
    WARREN_REQUIRE_SERVER(ServerKind::mongodb);
}

template <class Store, class Port>
PortCase<Port> mongo_case() {
    const auto make = []() -> std::shared_ptr<Port> {
        return std::make_shared<Store>(adapters::mongo::testing::shared_database());
    };
    return {"mongodb", require_mongodb, make};
}

INSTANTIATE_TEST_SUITE_P(Mongo, EntryStoreContract,
                         ::testing::Values(mongo_case<adapters::mongo::EntryStore, EntryStore>()),
                         case_name<EntryStore>);

std::shared_ptr<EntriesAndBlocks> make_entries_and_blocks() {
    struct Both {
        adapters::mongo::EntryStore entries{adapters::mongo::testing::shared_database()};
        adapters::mongo::BlockStore blocks{adapters::mongo::testing::shared_database()};
        EntriesAndBlocks ports{entries, blocks};
    };
    auto both = std::make_shared<Both>();
    return {both, &both->ports};
}

INSTANTIATE_TEST_SUITE_P(Mongo, BlockedInsertContract,
                         ::testing::Values(PortCase<EntriesAndBlocks>{"mongodb", require_mongodb,
                                                                      make_entries_and_blocks}),
                         case_name<EntriesAndBlocks>);
INSTANTIATE_TEST_SUITE_P(Mongo, EntrySearchContract,
                         ::testing::Values(mongo_case<adapters::mongo::EntryStore, EntryStore>()),
                         case_name<EntryStore>);
INSTANTIATE_TEST_SUITE_P(Mongo, ChannelStoreContract,
                         ::testing::Values(mongo_case<adapters::mongo::ChannelStore, ChannelStore>()),
                         case_name<ChannelStore>);
INSTANTIATE_TEST_SUITE_P(Mongo, BlockStoreContract,
                         ::testing::Values(mongo_case<adapters::mongo::BlockStore, BlockStore>()),
                         case_name<BlockStore>);
INSTANTIATE_TEST_SUITE_P(Mongo, MemberStoreContract,
                         ::testing::Values(mongo_case<adapters::mongo::MemberStore, MemberStore>()),
                         case_name<MemberStore>);
INSTANTIATE_TEST_SUITE_P(Mongo, UserStoreContract,
                         ::testing::Values(mongo_case<adapters::mongo::UserStore, UserStore>()),
                         case_name<UserStore>);

}  // namespace
}  // namespace warren::testing
