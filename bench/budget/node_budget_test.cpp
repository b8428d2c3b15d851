// What a message costs a whole node in allocations for each further connection: sign-in, chat, log, delivery,
// outbox, shards and frames are those of `warren serve`.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "app/node.hpp"
#include "app/secrets.hpp"
#include "base/log.hpp"
#include "bench/budget/allocations.hpp"
#include "load/people.hpp"
#include "load/swarm.hpp"

namespace warren::bench {
namespace {

struct Ears final : load::SwarmListener {
    void joined(std::uint32_t) override {}
    void on_event(std::uint32_t, std::string_view args) override {
        heard += args.find("message:new") != args.npos;
    }
    void on_ack(std::uint32_t, std::uint64_t, std::string_view args) override {
        EXPECT_NE(args.find("\"success\":true"), args.npos) << args;
    }
    void lost(std::uint32_t, std::string_view why) override { ADD_FAILURE() << "lost: " << why; }
    std::size_t heard = 0;
};

/// A node on one folder, and the connected members of its one group.
class Group {
public:
    explicit Group(std::size_t members)
        : folder_(std::filesystem::temp_directory_path() /
                  ("warren-node-budget-" + std::to_string(::getpid()) + "-" + std::to_string(members))),
          people_(make_people(members)),
          config_(configured()),
          node_(config_, parts(), health_, admin_, metrics_) {
        EXPECT_TRUE(node_.start());
        load::Target target;
        target.ports = {node_.port()};
        swarm_.emplace(target, members, ears_);
        for (std::uint32_t i = 0; i < members; ++i)
            swarm_->open(i, R"({"token":")" + people_[i].token + R"("})");
        turn_until([&] { return swarm_->joined_count() == members; });
    }
    ~Group() {
        swarm_.reset();
        on_this_thread(node_.drain(std::chrono::milliseconds(0)));
        std::filesystem::remove_all(folder_);
    }

    /// The node's allocations from a message's being sent until everybody has it.
    std::uint64_t say() {
        const auto wanted = ears_.heard + people_.size();
        const auto before = allocations_elsewhere();
        swarm_->send(0, R"(21["message:new",{"channelId":")" + people_[0].channels.front() +
                            R"(","message":"hello"}])");
        turn_until([&] { return ears_.heard >= wanted; });
        return allocations_elsewhere() - before;
    }

private:
    std::vector<load::Person> make_people(std::size_t members) {
        std::filesystem::create_directories(folder_);
        load::PrepareOptions options;
        options.data_dir = folder_ / "data";
        options.people = options.group_size = members;
        options.out = folder_ / "people.jsonl";
        load::prepare(options);
        return load::read_people(options.out, 0);
    }
    app::Config configured() {
        app::ConfigInput input;
        input.flags = {{"store.data_dir", folder_ / "data", ""},
                       {"http.listen", "127.0.0.1:0", ""},
                       {"http.shards", "2", ""}};
        auto loaded = app::load_config(input);
        for (const auto& problem : loaded.problems)
            ADD_FAILURE() << problem;
        loaded.config.node_name = "budget";
        return loaded.config;
    }
    app::Node::Parts parts() {
        app::Node::Parts out;
        out.secrets = app::make_secrets(config_);
        out.stores = app::open_stores(config_, metrics_).value();
        out.bus = app::make_bus(config_, metrics_).value();
        return out;
    }
    void on_this_thread(Task<void> task) {
        asio::io_context io;
        asio::co_spawn(io, std::move(task), [](std::exception_ptr) {});
        io.run();
    }
    template <class Done>
    void turn_until(Done done) {
        const auto until = load::now_us() + 20'000'000;
        while (!done() && load::now_us() < until)
            swarm_->turn(std::chrono::milliseconds{10});
        ASSERT_TRUE(done());
    }

    std::filesystem::path folder_;
    std::vector<load::Person> people_;
    app::Config config_;
    Metrics metrics_;
    app::Health health_;
    app::AdminHttp admin_{"127.0.0.1:0", health_, metrics_};
    app::Node node_;
    Ears ears_;
    std::optional<load::Swarm> swarm_;
};

/// The least of several messages: ticks, heartbeats and audits that fall between are not theirs.
std::uint64_t least_allocations(std::size_t members) {
    Group group(members);
    for (int i = 0; i < 5; ++i)
        group.say();  // Caches fill.
    std::uint64_t least = UINT64_MAX;
    for (int i = 0; i < 30; ++i)
        least = std::min(least, group.say());
    return least;
}

TEST(NodeBudget, AFurtherDeliveryCostsNoAllocation) {
    log::configure(log::Level::warn, log::Format::text);
    const auto few = least_allocations(10), many = least_allocations(210);
    // What the node does beside a message differs by one or two; a delivery that allocates would show 200.
    EXPECT_LE(many, few + 10) << "200 further connections cost " << many - few << " allocations";
    RecordProperty("allocations", static_cast<int>(few));
    std::printf("allocations of a whole node for one message: %d\n", static_cast<int>(few));
}

}  // namespace
}  // namespace warren::bench
