#pragma once
#include <array>
#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "ports/cache.hpp"

namespace warren::adapters {

/// A cache in this process' memory of at most `bytes_max`, keys and bookkeeping counted; the least recently
/// used goes first. Split by key into shards with a lock each, held for a few pointer moves and never over an
/// await; a value larger than a shard's part is not kept. Every call ends at once.
class LruCache final : public Cache {
public:
    explicit LruCache(std::size_t bytes_max);

    Task<std::shared_ptr<const std::string>> get(std::string key) override;
    Task<void> put(std::string key, std::shared_ptr<const std::string> value) override;
    Task<void> drop(std::string key) override;

    /// What all that is kept costs now.
    std::size_t bytes() const;

private:
    using Value = std::shared_ptr<const std::string>;
    struct Item {
        std::string key;
        Value value;
    };
    class Shard {
    public:
        Value get(std::string_view key);
        void put(std::string key, Value value, std::size_t bytes_max);
        void drop(std::string_view key);
        std::size_t bytes() const;

    private:
        void erase(std::list<Item>::iterator item);

        mutable std::mutex mutex_;
        std::list<Item> items_;  ///< The most recently used first.
        std::unordered_map<std::string_view, std::list<Item>::iterator> by_key_;
        std::size_t bytes_ = 0;
    };
    Shard& shard_of(std::string_view key);

    static constexpr std::size_t kShards = 16;
    const std::size_t shard_bytes_max_;
    std::array<Shard, kShards> shards_;
};

}  // namespace warren::adapters
