#pragma once
#include <memory>
#include <string>

#include "base/task.hpp"

namespace warren {

/// Bytes under a key, gone at any time. A cache: what is found is checked by its reader before use, so losing
/// or keeping too long makes nothing wrong. Thread-safe. Never fails: trouble is a miss. Contract:
/// tests/contract/cache_contract.hpp
class Cache {
public:
    virtual ~Cache() = default;
    /// The bytes last put under `key`, or null.
    virtual Task<std::shared_ptr<const std::string>> get(std::string key) = 0;
    virtual Task<void> put(std::string key, std::shared_ptr<const std::string> value) = 0;
    virtual Task<void> drop(std::string key) = 0;
};

}  // namespace warren
