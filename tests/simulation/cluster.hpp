#pragma once
#include <array>
#include <optional>

#include "chat/chat.hpp"
#include "tests/simulation/bus.hpp"
#include "tests/simulation/history.hpp"
#include "tests/simulation/stores.hpp"

namespace warren::simulation {

inline constexpr std::size_t kNodes = 3;

/// What a seed decides beforehand.
struct Plan {
    Faults faults;
    chat::Limits limits;
    std::size_t people = 4;
    std::size_t devices_per_person = 2;
    int rounds = 3;
    Span busy = seconds(6);          ///< Each round, before it is quiet.
    Span rest = milliseconds(1200);  ///< At most, between two things that a device does.
    double gives_up = 0.1;           ///< After each attempt that failed.
    bool forgets = false;            ///< There is a channel with much in it that retention takes.
};
/// From this seed on little happens, and nothing that nobody can notice: so everything has to heal in 10 s.
inline constexpr std::uint64_t kNoticeableFrom = 1'000'000;
Plan plan_of(std::uint64_t seed);

/// One life of one node. Killed, it stays as it is: nothing reaches it any more and nothing leaves it.
struct SimNode {
    SimNode(World& world, StoreSide& store, const Faults& faults, Broker& broker, const chat::Limits& limits,
            std::uint64_t number);

    Process process;
    SimClock clock;
    IdMaker ids;
    Metrics metrics;
    SimBlockStore blocks;
    SimEntryStore entries;
    SimChannelStore channels;
    SimMemberStore members;
    SimUserStore users;
    SimBus bus;
    chat::Chat chat;
};

class Connection;

/// Three nodes, the store and the broker between them, and what befalls them.
class Cluster {
public:
    Cluster(World& world, const Plan& plan);
    ~Cluster();

    World& world() { return world_; }
    const Plan& plan() const { return plan_; }
    bool is_quiet() const { return quiet_; }
    SimNode& any_node() { return *slots_[world_.random().below(kNodes)]; }
    UserId person(std::size_t i) const { return people_[i]; }
    ReplicaSet& replica_set() { return replica_set_; }
    std::map<ChannelId, Seq> committed_heads() const;

    /// Logs that exist from the start, one of them almost at the end of a bucket, one perhaps long and old.
    void found_channels();
    /// Begins the faults, each on its own clock.
    void begin_faults();
    /// Ends them, and mends everything.
    void end_faults();

    /// Calls a node as a client does: the request and its answer take a while, or get lost. Nothing: no
    /// answer came within `patience`.
    template <class T>
    Task<std::optional<Result<T>>> call(SimNode& node, std::function<Task<Result<T>>(chat::Chat&)> begin,
                                        Span patience);

    void add(std::shared_ptr<Connection> connection) { connections_.push_back(std::move(connection)); }
    const std::vector<std::shared_ptr<Connection>>& connections() const { return connections_; }

    /// What was recorded, but for connections and logs.
    History history;

private:
    using Fault = void (Cluster::*)();
    Task<void> befall(double every, Fault fault);
    void fail_over() { replica_set_.fail_over(); }
    void found(ChannelId channel, Seq head);
    void store_outage();
    void broker_restart();
    void lose_a_queue();
    void kill_a_node();
    void pause_a_node();
    void start_node(std::size_t slot);
    void end_pause(SimNode& node, SteadyTime began);

    template <class T>
    static Task<void> serve(World& world, SimNode& node, std::function<Task<Result<T>>(chat::Chat&)> begin,
                            Span back, std::shared_ptr<Reply<std::optional<Result<T>>>> reply);

    World& world_;
    const Plan& plan_;
    Faults faults_;
    ReplicaSet replica_set_;
    StoreSide store_;
    Broker broker_;
    std::vector<std::unique_ptr<SimNode>> nodes_;
    std::array<SimNode*, kNodes> slots_{};
    std::vector<UserId> people_;
    std::vector<std::shared_ptr<Connection>> connections_;
    bool quiet_ = false;
    int round_ = 0;
};

template <class T>
Task<std::optional<Result<T>>> Cluster::call(SimNode& node, std::function<Task<Result<T>>(chat::Chat&)> begin,
                                             Span patience) {
    auto reply = std::make_shared<Reply<std::optional<Result<T>>>>();
    auto waiting = reply->wait();
    auto& random = world_.random();
    world_.after(patience, nullptr, [reply] { reply->set(std::nullopt); });
    const auto there = random.between(Span(100), milliseconds(2));
    const auto back = random.between(Span(100), milliseconds(2));
    const auto arrive = [&world = world_, &node, begin = std::move(begin), back, reply] {
        spawn(world.executor(), "call", serve<T>(world, node, begin, back, reply));
    };
    world_.after(there, &node.process, arrive);
    return waiting;
}

template <class T>
Task<void> Cluster::serve(World& world, SimNode& node, std::function<Task<Result<T>>(chat::Chat&)> begin,
                          Span back, std::shared_ptr<Reply<std::optional<Result<T>>>> reply) {
    auto serving = begin(node.chat);
    auto result = co_await std::move(serving);
    world.after(back, nullptr, [reply, result = std::move(result)] { reply->set(result); });
}

}  // namespace warren::simulation
