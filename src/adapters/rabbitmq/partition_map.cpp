#include "adapters/rabbitmq/partition_map.hpp"

#include <algorithm>

namespace warren::rabbitmq {
namespace {

struct RoutingKey {
    std::string operator()(const UserId& user) const { return "u." + user.hex(); }
    std::string operator()(const ChannelId& channel) const { return "c." + channel.hex(); }
    std::string operator()(const WatchKey& watch) const { return "w." + watch.user.hex(); }
};

std::string addresses_of(const std::vector<BrokerAddress>& partition) {
    std::vector<std::string> names;
    for (const auto& address : partition)
        names.push_back(address.name());
    std::sort(names.begin(), names.end());
    std::string out;
    for (const auto& name : names)
        out += name + '\n';
    return out;
}

}  // namespace

std::string routing_key(const BusKey& key) {
    return std::visit(RoutingKey(), key);
}

std::uint64_t stable_hash(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char byte : bytes) {
        hash ^= static_cast<unsigned char>(byte);
        hash *= 0x100000001b3ULL;
    }
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return hash ^ (hash >> 33);
}

std::size_t partition_of(std::string_view routing_key, std::size_t partitions) {
    return static_cast<std::size_t>(stable_hash(routing_key) % partitions);
}

std::uint64_t hash_partition_map(const std::vector<std::vector<BrokerAddress>>& partitions) {
    std::string map = std::to_string(partitions.size());
    for (std::size_t i = 1; i < partitions.size(); ++i)
        map += '\n' + addresses_of(partitions[i]);
    return stable_hash(map);
}

}  // namespace warren::rabbitmq
