#include "app/stores.hpp"

#include <chrono>
#include <optional>

#include "adapters/mongo/block_store.hpp"
#include "adapters/mongo/channel_store.hpp"
#include "adapters/mongo/database.hpp"
#include "adapters/mongo/entry_store.hpp"
#include "adapters/mongo/member_store.hpp"
#include "adapters/mongo/user_store.hpp"
#include "adapters/sqlite/block_store.hpp"
#include "adapters/sqlite/channel_store.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/entry_store.hpp"
#include "adapters/sqlite/folder.hpp"
#include "adapters/sqlite/member_store.hpp"
#include "adapters/sqlite/user_store.hpp"

namespace warren::app {
namespace {

namespace mongo = adapters::mongo;
namespace sqlite = adapters::sqlite;

class SqliteStores final : public Stores {
public:
    explicit SqliteStores(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}
    EntryStore& entries() override { return entries_; }
    ChannelStore& channels() override { return channels_; }
    MemberStore& members() override { return members_; }
    UserStore& users() override { return users_; }
    BlockStore& blocks() override { return blocks_; }
    Condition condition() const override {
        const auto health = database_->health();
        if (health.ok) return {};
        return {Condition::State::degraded, "SQLite: " + health.reason};
    }
    void give_memory_back() override { database_->give_memory_back(); }
    std::string description() const override { return "SQLite in " + database_->folder().string(); }
    Task<Result<void>> check(Deadline) override { co_return Result<void>{}; }
    Task<Result<void>> prepare(Deadline) override { co_return Result<void>{}; }

private:
    std::unique_ptr<sqlite::Database> database_;
    sqlite::EntryStore entries_{*database_};
    sqlite::ChannelStore channels_{*database_};
    sqlite::MemberStore members_{*database_};
    sqlite::UserStore users_{*database_};
    sqlite::BlockStore blocks_{*database_};
};

class MongoStores final : public Stores {
public:
    MongoStores(std::optional<sqlite::Folder> folder, std::unique_ptr<mongo::Database> database,
                std::string name)
        : folder_(std::move(folder)), database_(std::move(database)), name_(std::move(name)) {}
    EntryStore& entries() override { return entries_; }
    ChannelStore& channels() override { return channels_; }
    MemberStore& members() override { return members_; }
    UserStore& users() override { return users_; }
    BlockStore& blocks() override { return blocks_; }
    Condition condition() const override {
        const auto health = database_->health();
        if (health.ok) return {};
        return {Condition::State::degraded, "MongoDB: " + health.reason};
    }
    void give_memory_back() override {}
    std::string description() const override { return "MongoDB, database " + name_; }
    Task<Result<void>> check(Deadline deadline) override { return database_->check(deadline); }
    Task<Result<void>> prepare(Deadline deadline) override { return database_->prepare(deadline); }

private:
    std::optional<sqlite::Folder> folder_;
    std::unique_ptr<mongo::Database> database_;
    std::string name_;
    mongo::EntryStore entries_{*database_};
    mongo::ChannelStore channels_{*database_};
    mongo::MemberStore members_{*database_};
    mongo::UserStore users_{*database_};
    mongo::BlockStore blocks_{*database_};
};

Result<std::unique_ptr<mongo::Database>> connect_mongo(const Config& config) {
    mongo::Options options;
    options.url = config.mongodb_url;
    options.database = config.mongodb_database;
    options.connections_max = config.mongodb_pool;
    return mongo::connect(std::move(options));
}

}  // namespace

Result<std::unique_ptr<Stores>> open_stores(const Config& config, Metrics& metrics) {
    if (config.mongodb_url.empty()) {
        sqlite::Options options;
        options.folder = config.store_data_dir;
        options.readers = config.store_readers;
        options.metrics = &metrics;
        WARREN_TRY(database, sqlite::open(std::move(options)));
        return std::unique_ptr<Stores>(std::make_unique<SqliteStores>(std::move(database)));
    }
    // The folder holds the admin socket then, so one node per folder is the rule all the same.
    WARREN_TRY(folder, sqlite::Folder::hold(config.store_data_dir));
    WARREN_TRY(database, connect_mongo(config));
    return std::unique_ptr<Stores>(
        std::make_unique<MongoStores>(std::move(folder), std::move(database), config.mongodb_database));
}

Result<std::unique_ptr<Stores>> open_remote_stores(const Config& config, Metrics&) {
    if (config.mongodb_url.empty()) return std::unique_ptr<Stores>();
    WARREN_TRY(database, connect_mongo(config));
    return std::unique_ptr<Stores>(
        std::make_unique<MongoStores>(std::nullopt, std::move(database), config.mongodb_database));
}

}  // namespace warren::app
