#include "tests/simulation/scenario.hpp"

#include <deque>

#include "tests/simulation/device.hpp"

namespace warren::simulation {
namespace {

constexpr seconds kHealedAfter{10};
// What clients still wait for ends, then comes one audit period, and the time to act on it.
constexpr seconds kSettled{5 + 60 + 10};

void keep_logs(Cluster& cluster, History& history) {
    const auto& set = cluster.replica_set();
    for (const auto& channel : set.channels()) {
        auto log = set.all_ever(channel, set.committed());
        if (log.empty()) continue;
        const auto document = set.channel(channel, set.committed());
        if (document && document->start.first_seq > 1) {
            history.starts[channel] = document->start.first_seq;
            for (const auto& entry : set.range(channel, 1, UINT64_MAX, SIZE_MAX, set.committed()))
                history.stored[channel].insert(entry->seq);
        }
        for (const auto& entry : log) {
            if (is_blanked(entry->body))
                history.originals[{channel, entry->seq}] = set.original(channel, entry->seq);
        }
        history.logs[channel] = std::move(log);
    }
}

Orphans orphans_of(Cluster& cluster) {
    Orphans orphans;
    const auto& set = cluster.replica_set();
    for (const auto& channel : set.channels()) {
        const auto document = set.channel(channel, set.committed());
        for (const auto& entry : set.all_ever(channel, set.committed())) {
            const bool projected = document && entry->seq <= document->state_seq;
            if (entry->changes_state() && !projected) orphans.insert({channel, entry->seq});
        }
    }
    for (const auto& told : cluster.history.acknowledged)
        orphans.erase({told.channel, told.seq});
    for (const auto& made : cluster.history.made)
        orphans.erase({made.channel, 1});
    return orphans;
}

void run_round(World& world, Cluster& cluster, const Plan& plan) {
    cluster.begin_faults();
    world.run_until(world.now() + plan.busy);
    cluster.end_faults();
    auto& history = cluster.history;
    history.calms.push_back({cluster.committed_heads(), {}, {}});
    world.run_until(world.now() + kHealedAfter);
    history.calms.back().heads_after = cluster.committed_heads();
    history.calms.back().orphans = orphans_of(cluster);
    for (const auto& connection : cluster.connections()) {
        auto& record = connection->record;
        record.events_by_calm.resize(history.calms.size());
        if (connection->is_open()) record.events_by_calm.back() = record.events.size();
    }
}

}  // namespace

History run(std::uint64_t seed, bool trace) {
    World world(seed, trace);
    const Plan plan = plan_of(seed);
    std::deque<Device> devices;
    Cluster cluster(world, plan);
    for (std::size_t person = 0; person < plan.people; ++person) {
        for (std::size_t i = 0; i < plan.devices_per_person; ++i) {
            const std::string name{static_cast<char>('a' + person), static_cast<char>('1' + i)};
            auto& device = devices.emplace_back(cluster, cluster.person(person), name);
            spawn(world.executor(), "device", device.live());
        }
    }
    world.run_until(world.now() + seconds(1));
    for (int round = 0; round < plan.rounds; ++round)
        run_round(world, cluster, plan);
    world.run_until(world.now() + kSettled);
    cluster.history.all_noticeable = plan.faults.noticeable();
    cluster.history.always_fresh = plan.faults.stale == 0;
    keep_logs(cluster, cluster.history);
    cluster.history.orphans = orphans_of(cluster);
    for (const auto& connection : cluster.connections()) {
        connection->record.live = connection->is_open();
        cluster.history.connections.push_back(std::move(connection->record));
    }
    return std::move(cluster.history);
}

}  // namespace warren::simulation
