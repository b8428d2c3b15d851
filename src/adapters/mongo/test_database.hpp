#pragma once
#include <memory>
#include <string>

#include "adapters/mongo/channel_store.hpp"
#include "adapters/mongo/entry_store.hpp"
#include "adapters/mongo/user_store.hpp"
#include "tests/support/real_server.hpp"
#include "tests/support/run_task.hpp"

namespace warren::adapters::mongo::testing {

inline Deadline in(std::chrono::milliseconds span) {
    return {std::chrono::steady_clock::now() + span};
}
inline Deadline soon() {
    return in(std::chrono::seconds(30));
}

/// A database of its own name on the server at `url`, prepared; dropped when it goes.
class TestDatabase {
public:
    explicit TestDatabase(const std::string& url) {
        Options options;
        options.url = url;
        options.database = warren::testing::unique_name("warren_test");
        database_ = connect(options).value();
        warren::testing::run_task(database_->prepare(soon())).value();
    }
    ~TestDatabase() {
        auto drop = [](Call& call) {
            Document command;
            command.add("dropDatabase", std::int32_t{1});
            return call.write(command);
        };
        // A server that a test has stopped took the database with it.
        static_cast<void>(warren::testing::run_task(database_->run(in(std::chrono::seconds(5)), drop)));
    }
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    Database& operator*() { return *database_; }
    Database* operator->() { return database_.get(); }

private:
    std::unique_ptr<Database> database_;
};

/// The one that tests share which do not need one of their own. Only after WARREN_REQUIRE_SERVER(mongodb).
inline Database& shared_database() {
    static TestDatabase database(warren::testing::RealServer::mongodb().url());
    return *database;
}

}  // namespace warren::adapters::mongo::testing
