#pragma once
#include <memory>
#include <string>

#include "adapters/mongo/block_store.hpp"
#include "adapters/mongo/channel_store.hpp"
#include "adapters/mongo/entry_store.hpp"
#include "adapters/mongo/member_store.hpp"
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

/// Not touched yet; gives up soon where nobody answers.
inline std::unique_ptr<Database> connect_to(const std::string& url) {
    Options options;
    options.url = url;
    options.connections_max = 4;
    options.selection_max = std::chrono::milliseconds(500);
    return connect(options).value();
}

template <class AnyId>
AnyId id_of(std::uint8_t last) {
    AnyId id;
    id.bytes[11] = last;
    return id;
}

/// An entry with ids and a nonce of its own.
inline EntryPtr message(ChannelId channel, Seq seq, std::string text = "hi") {
    static IdMaker maker(0x123456789);
    auto entry = std::make_shared<Entry>();
    entry->channel = channel;
    entry->seq = seq;
    entry->id = maker.make<EntryId>(WallTime(std::chrono::milliseconds(1'764'000'000'000)));
    entry->sender = id_of<UserId>(7);
    entry->nonce = entry->id.hex();
    entry->count = seq;
    entry->message_seq = seq;
    entry->state_seq = 1;
    MessageBody body;
    body.text = std::move(text);
    entry->body = body;
    return entry;
}

/// 0 where it succeeded.
inline Errc code_of(const Result<void>& result) {
    return result ? Errc{} : result.error().code;
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
