#include "adapters/lru_cache/lru_cache.hpp"

namespace warren::adapters {
namespace {

/// A list node, a hash node with its bucket, and what the allocator adds to each.
constexpr std::size_t kItemBytes = 192;

std::size_t cost(const std::string& key, const std::string& value) {
    return kItemBytes + key.size() + value.size();
}

}  // namespace

LruCache::LruCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

LruCache::Shard& LruCache::shard_of(std::string_view key) {
    return shards_[std::hash<std::string_view>{}(key) % kShards];
}

Task<std::shared_ptr<const std::string>> LruCache::get(std::string key) {
    co_return shard_of(key).get(key);
}

Task<void> LruCache::put(std::string key, std::shared_ptr<const std::string> value) {
    auto& shard = shard_of(key);
    shard.put(std::move(key), std::move(value), shard_bytes_max_);
    co_return;
}

Task<void> LruCache::drop(std::string key) {
    shard_of(key).drop(key);
    co_return;
}

std::size_t LruCache::bytes() const {
    std::size_t sum = 0;
    for (const auto& shard : shards_)
        sum += shard.bytes();
    return sum;
}

LruCache::Value LruCache::Shard::get(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    items_.splice(items_.begin(), items_, found->second);
    return found->second->value;
}

void LruCache::Shard::put(std::string key, Value value, std::size_t bytes_max) {
    const std::lock_guard lock(mutex_);
    // Also where the new value is too large: the old one is no longer what was last put.
    if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
    const auto bytes = value ? cost(key, *value) : bytes_max + 1;
    if (bytes > bytes_max) return;
    while (bytes_ + bytes > bytes_max)
        erase(std::prev(items_.end()));
    items_.push_front({std::move(key), std::move(value)});
    by_key_.emplace(items_.front().key, items_.begin());
    bytes_ += bytes;
}

void LruCache::Shard::drop(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
}

std::size_t LruCache::Shard::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

void LruCache::Shard::erase(std::list<Item>::iterator item) {
    bytes_ -= cost(item->key, *item->value);
    by_key_.erase(item->key);
    items_.erase(item);
}

}  // namespace warren::adapters
