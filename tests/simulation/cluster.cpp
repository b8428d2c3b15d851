#include "tests/simulation/cluster.hpp"

#include "chat/membership.hpp"
#include "tests/simulation/connection.hpp"

namespace warren::simulation {
namespace {

constexpr std::uint64_t kPlanSalt = 0x5eed;

chat::Environment environment_of(SimNode& node, const chat::Limits& limits, std::uint64_t number) {
    NodeId id;
    id.bytes[11] = static_cast<std::uint8_t>(number);
    return {node.entries, node.channels, node.members, node.users, node.blocks, node.bus,
            node.clock,   node.ids,      node.metrics, id,         limits};
}

/// `values`, one of them.
template <class T>
T one_of(Random& random, std::initializer_list<T> values) {
    return *(values.begin() + static_cast<std::ptrdiff_t>(random.below(values.size())));
}

Faults store_faults(Random& random, Faults faults) {
    faults.refused = one_of(random, {0.0, 0.02, 0.1});
    faults.slow = one_of(random, {0.0, 0.02, 0.2});
    faults.reply_lost = one_of(random, {0.0, 0.0, 0.03});
    faults.request_lost = one_of(random, {0.0, 0.0, 0.0, 0.02});
    faults.late = one_of(random, {0.0, 0.0, 0.0, 0.05});
    faults.half = one_of(random, {0.0, 0.0, 0.05});
    faults.stale = one_of(random, {0.0, 0.0, 0.1, 0.5});
    faults.stale_ranges = one_of(random, {0.0, 0.0, 0.5});
    faults.stall = one_of(random, {0.0, 0.0, 0.02});
    faults.failover_every = one_of(random, {0.0, 0.0, 3.0});
    faults.store_outage_every = one_of(random, {0.0, 0.0, 8.0});
    return faults;
}

Faults bus_faults(Random& random, Faults faults) {
    faults.dropped = one_of(random, {0.0, 0.0, 0.0, 0.1});
    faults.repeated = one_of(random, {0.0, 0.0, 0.1});
    faults.delayed = one_of(random, {0.0, 0.0, 0.0, 0.1});
    faults.publish_fails = one_of(random, {0.0, 0.0, 0.2});
    faults.publish_lies = one_of(random, {0.0, 0.0, 0.1});
    faults.bind_slow = one_of(random, {0.0, 0.0, 0.8});
    faults.broker_restart_every = one_of(random, {0.0, 0.0, 8.0});
    faults.queue_lost_every = one_of(random, {0.0, 0.0, 4.0});
    return faults;
}

chat::Limits limits_of(Random& random) {
    chat::Limits limits;
    if (random.chance(0.5)) {
        limits.large_group_bind = 2;
        limits.large_group_publish = 3;
    }
    limits.unannounced_max = one_of<std::size_t>(random, {10'000, 2});
    limits.held_bytes_max = one_of<std::size_t>(random, {1'000'000, 1'000'000, 3 * sizeof(Entry)});
    limits.stashed_per_channel_max = one_of<std::size_t>(random, {1'000, 2});
    limits.answer_bytes_max = one_of<std::size_t>(random, {1'000'000, 12'000});
    limits.cached_members_max = one_of<std::size_t>(random, {2'000'000, 5});
    limits.sweep_every = seconds(2);
    limits.sweep_notes_after = one_of<seconds>(random, {seconds(5), seconds(20)});
    limits.unbind_after = one_of<seconds>(random, {seconds(30), seconds(1)});
    return limits;
}

EntryPtr founding_entry(ChannelId channel, const std::vector<UserId>& members, HistoryAccess history) {
    Entry entry;
    entry.channel = channel;
    entry.seq = entry.state_seq = 1;
    entry.id.bytes = channel.bytes;
    entry.sender = members.front();
    entry.nonce = "founded";
    ChannelBody body;
    body.is_group = true;
    body.name = "tea";
    body.history = history;
    for (const auto& user : members)
        body.members.push_back({user, user == members.front() ? Role::admin : Role::member});
    entry.body = std::move(body);
    return std::make_shared<const Entry>(std::move(entry));
}

EntryPtr older_message(const Entry& before) {
    Entry entry;
    entry.channel = before.channel;
    entry.seq = before.seq + 1;
    entry.id.bytes = before.channel.bytes;
    entry.id.bytes[0] = static_cast<std::uint8_t>(entry.seq);
    entry.sender = before.sender;
    entry.nonce = "older " + std::to_string(entry.seq);
    entry.count = before.count + 1;
    entry.message_seq = entry.seq;
    entry.state_seq = before.state_seq;
    MessageBody body;
    body.text = "older";
    entry.body = std::move(body);
    return std::make_shared<const Entry>(std::move(entry));
}

}  // namespace

Plan plan_of(std::uint64_t seed) {
    Random random(seed ^ kPlanSalt << 32);
    Plan plan;
    if (random.chance(0.7)) plan.faults = store_faults(random, plan.faults);
    if (random.chance(0.7)) plan.faults = bus_faults(random, plan.faults);
    plan.faults.kill_every = one_of(random, {0.0, 0.0, 5.0});
    plan.faults.pause_every = one_of(random, {0.0, 0.0, 0.0, 10.0});
    plan.limits = limits_of(random);
    plan.people = 2 + random.below(4);
    plan.devices_per_person = 1 + random.below(2);
    plan.rest = one_of<Span>(random, {milliseconds(1200), milliseconds(1200), milliseconds(5000)});
    plan.gives_up = one_of(random, {0.1, 0.5});
    plan.forgets = random.chance(0.25);
    // Longer than anything here stands still or is late: what is made in this world stays.
    plan.limits.retention_min_age = seconds(60);
    plan.limits.retention_sweep_every = seconds(1);
    if (seed < kNoticeableFrom) return plan;
    plan.faults.dropped = plan.faults.delayed = plan.faults.late = plan.faults.stale = 0;
    plan.rest = milliseconds(5000);
    return plan;
}

SimNode::SimNode(World& world, StoreSide& store, const Faults& faults, Broker& broker,
                 const chat::Limits& limits, std::uint64_t number)
    : clock(world, process,
            std::chrono::duration_cast<milliseconds>(world.random().between(Span(0), seconds(4)))),
      ids(world.random().next()),
      entries(store, process, blocks),
      channels(store, process),
      members(store),
      users(store, process),
      bus(world, faults, broker, process, number),
      chat(world.executor(), environment_of(*this, limits, number)) {
    process.name = "node " + std::to_string(number);
}

Cluster::Cluster(World& world, const Plan& plan)
    : world_(world),
      plan_(plan),
      replica_set_(world, faults_),
      store_{world, faults_, replica_set_},
      broker_(world, faults_) {
    for (std::size_t i = 0; i < plan.people; ++i) {
        UserId id;
        id.bytes[11] = static_cast<std::uint8_t>(i + 1);
        people_.push_back(id);
    }
    found_channels();
    for (std::size_t slot = 0; slot < kNodes; ++slot)
        start_node(slot);
}

Cluster::~Cluster() {
    // First what waits for the nodes, then the nodes; the world, in which their coroutines end, outlives
    // them.
    world_.shut_down();
}

void Cluster::start_node(std::size_t slot) {
    nodes_.push_back(
        std::make_unique<SimNode>(world_, store_, faults_, broker_, plan_.limits, nodes_.size() + 1));
    slots_[slot] = nodes_.back().get();
    world_.trace(slots_[slot]->process.name + ": starts");
    slots_[slot]->chat.start();
}

void Cluster::found_channels() {
    auto& random = world_.random();
    const auto id_of = [](std::uint8_t number) {
        ChannelId channel;
        channel.bytes[10] = 0xc0;
        channel.bytes[11] = number;
        return channel;
    };
    found(id_of(1), 120 + random.below(10));
    found(id_of(2), random.below(3));
    if (plan_.forgets) {
        found(id_of(3), first_seq_of(5) + random.below(kBucketSize));
        world_.after(random.between(seconds(2), seconds(7)), nullptr, [this, channel = id_of(3)] {
            (void)replica_set_.set_retention(channel, RetentionPolicy{milliseconds(0), 1});
        });
    }
    replica_set_.commit_all();
}

/// A channel with as many entries as `head` says, one at least, from long ago.
void Cluster::found(ChannelId channel, Seq head) {
    auto& random = world_.random();
    const auto count = 2 + random.below(people_.size() - 1);
    const std::vector<UserId> members(people_.begin(), people_.begin() + static_cast<std::ptrdiff_t>(count));
    const auto access = random.chance(0.3) ? HistoryAccess::since_join : HistoryAccess::all;
    std::vector<EntryPtr> log{founding_entry(channel, members, access)};
    const chat::Membership nobody;
    const auto after = chat::apply(nobody, *log.front());
    (void)replica_set_.merge(chat::rows_of(nobody, *log.front()));
    (void)replica_set_.put_channel(chat::document_of({}, after, *log.front()));
    while (log.size() < head)
        log.push_back(older_message(*log.back()));
    (void)replica_set_.insert(log, log.size());
}

std::map<ChannelId, Seq> Cluster::committed_heads() const {
    std::map<ChannelId, Seq> heads;
    for (const auto& channel : replica_set_.channels()) {
        if (const auto head = replica_set_.head(channel, replica_set_.committed()))
            heads[channel] = head->seq;
    }
    return heads;
}

Task<void> Cluster::befall(double every, Fault fault) {
    if (every == 0) co_return;
    const auto round = round_;
    const auto mean = Span(static_cast<std::int64_t>(every * 1e6));
    for (;;) {
        auto sleeping = world_.sleep(world_.random().between(mean / 4, mean * 7 / 4));
        co_await std::move(sleeping);
        if (quiet_ || round != round_) co_return;
        (this->*fault)();
    }
}

void Cluster::begin_faults() {
    faults_ = plan_.faults;
    quiet_ = false;
    ++round_;
    const auto executor = world_.executor();
    spawn(executor, "failover", befall(faults_.failover_every, &Cluster::fail_over));
    spawn(executor, "outage", befall(faults_.store_outage_every, &Cluster::store_outage));
    spawn(executor, "broker", befall(faults_.broker_restart_every, &Cluster::broker_restart));
    spawn(executor, "queue", befall(faults_.queue_lost_every, &Cluster::lose_a_queue));
    spawn(executor, "kill", befall(faults_.kill_every, &Cluster::kill_a_node));
    spawn(executor, "pause", befall(faults_.pause_every, &Cluster::pause_a_node));
}

void Cluster::end_faults() {
    world_.trace("quiet from now on");
    quiet_ = true;
    faults_ = {};
    store_.reachable = true;
    broker_.start();
    for (std::size_t slot = 0; slot < kNodes; ++slot) {
        world_.resume(slots_[slot]->process);
        if (slots_[slot]->process.state == Process::State::dead) start_node(slot);
    }
}

void Cluster::store_outage() {
    world_.trace("store: cannot be reached");
    store_.reachable = false;
    world_.after(world_.random().between(milliseconds(100), seconds(4)), nullptr,
                 [this] { store_.reachable = true; });
}

void Cluster::broker_restart() {
    broker_.stop();
    world_.after(world_.random().between(milliseconds(100), seconds(4)), nullptr,
                 [this] { broker_.start(); });
}

void Cluster::lose_a_queue() {
    any_node().bus.disconnect();
}

void Cluster::kill_a_node() {
    const auto slot = world_.random().below(kNodes);
    auto& node = *slots_[slot];
    if (node.process.state != Process::State::runs) return;
    world_.trace(node.process.name + ": killed");
    node.bus.disconnect();
    world_.kill(node.process);
    world_.after(world_.random().between(milliseconds(100), seconds(8)), nullptr, [this, slot] {
        if (slots_[slot]->process.state == Process::State::dead) start_node(slot);
    });
}

void Cluster::pause_a_node() {
    auto& node = any_node();
    if (node.process.state != Process::State::runs) return;
    world_.trace(node.process.name + ": paused");
    world_.pause(node.process);
    const auto began = world_.now();
    world_.after(world_.random().between(milliseconds(500), seconds(14)), nullptr,
                 [this, &node, began] { end_pause(node, began); });
}

void Cluster::end_pause(SimNode& node, SteadyTime began) {
    if (node.process.state != Process::State::paused) return;
    world_.trace(node.process.name + ": goes on");
    // Whatever the broker made of a queue that nobody emptied: kept it, dropped its head, closed it.
    const auto length = world_.now() - began;
    const auto fate = world_.random().below(3);
    if (fate == 1 && length > seconds(4)) node.bus.drop_arrived_within(began, world_.now() - seconds(2));
    if (fate == 2) node.bus.disconnect();
    world_.resume(node.process);
}

}  // namespace warren::simulation
