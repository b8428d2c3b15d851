#include "adapters/sqlite/block_store.hpp"
#include "adapters/sqlite/channel_store.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "adapters/sqlite/member_store.hpp"
#include "adapters/sqlite/user_store.hpp"
#include "tests/contract/block_store_contract.hpp"
#include "tests/contract/blocked_insert_contract.hpp"
#include "tests/contract/channel_store_contract.hpp"
#include "tests/contract/entry_search_contract.hpp"
#include "tests/contract/entry_store_contract.hpp"
#include "tests/contract/member_store_contract.hpp"
#include "tests/contract/user_store_contract.hpp"
#include "tests/support/child_process.hpp"

namespace warren::testing {
namespace {

/// A database in a folder of its own, with one store on it.
template <class Store>
struct Fixture {
    TemporaryFolder folder;
    std::unique_ptr<adapters::sqlite::Database> database;
    std::optional<Store> store;
};

template <class Store>
std::shared_ptr<Fixture<Store>> make_fixture() {
    auto fixture = std::make_shared<Fixture<Store>>();
    adapters::sqlite::Options options;
    options.folder = fixture->folder.path();
    fixture->database = adapters::sqlite::open(options).value();
    fixture->store.emplace(*fixture->database);
    return fixture;
}

template <class Store, class Port>
std::shared_ptr<Port> make_store() {
    auto fixture = make_fixture<Store>();
    return {fixture, &*fixture->store};
}

template <class Store, class Port>
PortCase<Port> sqlite_case() {
    return {"sqlite", {}, make_store<Store, Port>};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, EntryStoreContract,
                         ::testing::Values(sqlite_case<adapters::sqlite::EntryStore, EntryStore>()),
                         case_name<EntryStore>);
std::shared_ptr<EntriesAndBlocks> make_entries_and_blocks() {
    struct Both {
        explicit Both(adapters::sqlite::Database& on) : entries(on), blocks(on) {}
        adapters::sqlite::EntryStore entries;
        adapters::sqlite::BlockStore blocks;
        EntriesAndBlocks ports{entries, blocks};
    };
    auto fixture = make_fixture<Both>();
    return {fixture, &fixture->store->ports};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, BlockedInsertContract,
                         ::testing::Values(PortCase<EntriesAndBlocks>{"sqlite", {}, make_entries_and_blocks}),
                         case_name<EntriesAndBlocks>);
INSTANTIATE_TEST_SUITE_P(Sqlite, EntrySearchContract,
                         ::testing::Values(sqlite_case<adapters::sqlite::EntryStore, EntryStore>()),
                         case_name<EntryStore>);
INSTANTIATE_TEST_SUITE_P(Sqlite, ChannelStoreContract,
                         ::testing::Values(sqlite_case<adapters::sqlite::ChannelStore, ChannelStore>()),
                         case_name<ChannelStore>);
INSTANTIATE_TEST_SUITE_P(Sqlite, BlockStoreContract,
                         ::testing::Values(sqlite_case<adapters::sqlite::BlockStore, BlockStore>()),
                         case_name<BlockStore>);
INSTANTIATE_TEST_SUITE_P(Sqlite, MemberStoreContract,
                         ::testing::Values(sqlite_case<adapters::sqlite::MemberStore, MemberStore>()),
                         case_name<MemberStore>);
INSTANTIATE_TEST_SUITE_P(Sqlite, UserStoreContract,
                         ::testing::Values(sqlite_case<adapters::sqlite::UserStore, UserStore>()),
                         case_name<UserStore>);

}  // namespace
}  // namespace warren::testing
