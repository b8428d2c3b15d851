#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "adapters/rabbitmq/broker_address.hpp"
#include "ports/message_bus.hpp"

namespace warren::rabbitmq {

/// `u.` or `c.` and the id in hex.
std::string routing_key(const BusKey& key);

/// FNV-1a over `bytes`, its bits mixed (MurmurHash3's finaliser), so that every remainder is used evenly. The
/// same on every machine and in every build: nodes of different versions must agree on it.
std::uint64_t stable_hash(std::string_view bytes);

/// Which of `partitions` a routing key lives in.
std::size_t partition_of(std::string_view routing_key, std::size_t partitions);

/// Tells apart nodes that would publish and bind the same key on different brokers. Made of the number of
/// partitions and the addresses of all but the first: beats travel on the first, so nodes that hear one
/// another share it, and one cluster by several names is no mismatch in the usual case of one partition. The
/// order of a partition's addresses and their credentials do not matter.
std::uint64_t hash_partition_map(const std::vector<std::vector<BrokerAddress>>& partitions);

}  // namespace warren::rabbitmq
