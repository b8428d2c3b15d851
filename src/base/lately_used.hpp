#pragma once
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace warren {

/// A map of about `size_max` items; those that were not used lately go first.
template <class Key, class Value>
class LatelyUsed {
public:
    explicit LatelyUsed(std::size_t size_max) : young_max_(size_max / 2) {}

    /// Null, or good until the next call.
    const Value* find(const Key& key) {
        if (const auto at = young_.find(key); at != young_.end()) return &at->second;
        auto found = old_.extract(key);
        if (!found) return nullptr;
        make_room();
        return &young_.insert(std::move(found)).position->second;
    }
    void put(const Key& key, Value value) {
        old_.erase(key);
        make_room();
        young_.insert_or_assign(key, std::move(value));
    }
    void erase(const Key& key) {
        young_.erase(key);
        old_.erase(key);
    }
    void clear() {
        young_.clear();
        old_.clear();
    }
    /// What was not used since it was called before goes.
    void age() { old_ = std::exchange(young_, {}); }

private:
    void make_room() {
        if (young_.size() >= young_max_) age();
    }

    const std::size_t young_max_;
    std::unordered_map<Key, Value> young_;
    std::unordered_map<Key, Value> old_;
};

}  // namespace warren
