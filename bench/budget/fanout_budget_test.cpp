// What a broadcast of the bare library costs for each further connection, in allocations.
#include <gtest/gtest.h>

#include <future>

#include "bench/budget/allocations.hpp"
#include "http/server.hpp"
#include "load/swarm.hpp"
#include "socketio/server.hpp"

namespace warren::bench {
namespace {

struct Everybody final : socketio::Application {
    Task<socketio::Admission> admit(std::shared_ptr<socketio::Connection>) override {
        co_return socketio::Accept{};
    }
    void connected(std::shared_ptr<socketio::Connection> connection) override {
        all.push_back(std::move(connection));
    }
    void on_event(std::shared_ptr<socketio::Connection>, socketio::Event) override {}
    void disconnected(std::shared_ptr<socketio::Connection>, std::string_view) override {}
    std::vector<std::shared_ptr<socketio::Connection>> all;
};

struct Ears final : load::SwarmListener {
    void joined(std::uint32_t) override {}
    void on_event(std::uint32_t, std::string_view) override { ++heard; }
    void on_ack(std::uint32_t, std::uint64_t, std::string_view) override {}
    void lost(std::uint32_t, std::string_view why) override { ADD_FAILURE() << "lost: " << why; }
    std::size_t heard = 0;
};

/// A server on one shard with `connections` clients that are in.
class Party {
public:
    explicit Party(std::size_t connections)
        : server_(options()), io_(server_, {}), swarm_(target(connections), connections, ears_) {
        for (std::uint32_t i = 0; i < connections; ++i)
            swarm_.open(i, "{}");
        turn_until([&] { return swarm_.joined_count() == connections; });
    }
    ~Party() { server_.stop(); }

    /// The shard's allocations from the broadcast of one packet until it has left to everybody.
    std::uint64_t broadcast() {
        auto& shard = server_.shard(0);
        std::uint64_t before = 0, after = 0;
        std::promise<void> begun, ended;
        const auto wanted = ears_.heard + swarm_.size();
        shard.post([&] {
            before = allocations_here();
            const auto packet = socketio::encode_event("/", "say", "\"hello\"");
            for (const auto& connection : everybody_->all) {
                EXPECT_NE(connection->footprint().web_socket, nullptr);
                connection->send(packet);
            }
            begun.set_value();
        });
        begun.get_future().wait();
        turn_until([&] { return ears_.heard >= wanted; });
        shard.post([&] {
            after = allocations_here();
            ended.set_value();
        });
        ended.get_future().wait();
        return after - before;
    }

private:
    static http::ServerOptions options() {
        http::ServerOptions out;
        out.shards = 1;
        return out;
    }
    load::Target target(std::size_t) {
        io_.serve("/", everybody_);
        EXPECT_TRUE(server_.start());
        load::Target out;
        out.ports = {server_.port()};
        return out;
    }
    template <class Done>
    void turn_until(Done done) {
        const auto until = load::now_us() + 20'000'000;
        while (!done() && load::now_us() < until)
            swarm_.turn(std::chrono::milliseconds{10});
        ASSERT_TRUE(done());
    }

    std::shared_ptr<Everybody> everybody_ = std::make_shared<Everybody>();
    http::Server server_;
    socketio::Server io_;
    Ears ears_;
    load::Swarm swarm_;
};

/// The least of several: whatever the shard does beside, such as heartbeats, is not the broadcast's.
std::uint64_t least_allocations(std::size_t connections) {
    Party party(connections);
    std::uint64_t least = ~std::uint64_t{0};
    for (int i = 0; i < 10; ++i)
        least = std::min(least, party.broadcast());
    return least;
}

TEST(FanoutBudget, AFurtherConnectionCostsNoAllocation) {
    const auto few = least_allocations(10), many = least_allocations(210);
    EXPECT_EQ(many, few) << "200 further connections cost " << many - few << " allocations";
    EXPECT_LE(few, 8U) << "one broadcast: the packet, its frame, the jobs of this test";
}

}  // namespace
}  // namespace warren::bench
