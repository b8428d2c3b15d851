#pragma once
#include <map>

#include "ports/cache.hpp"

namespace warren::testing {

/// A cache that forgets nothing and can be searched.
class MapCache final : public Cache {
public:
    Task<std::shared_ptr<const std::string>> get(std::string key) override {
        const auto found = map.find(key);
        co_return found == map.end() ? nullptr : found->second;
    }
    Task<void> put(std::string key, std::shared_ptr<const std::string> value) override {
        map[key] = std::move(value);
        co_return;
    }
    Task<void> drop(std::string key) override {
        map.erase(key);
        co_return;
    }
    std::map<std::string, std::shared_ptr<const std::string>> map;
};

}  // namespace warren::testing
