#pragma once
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.hpp"

namespace warren::adapters::sqlite {

/// The connections that read, each lent to one thread at a time; there are as many as were ever needed at
/// once. One that failed is not lent again. Thread-safe.
class ReaderPool {
public:
    struct Return {
        ReaderPool* pool;
        void operator()(Connection* connection) const;
    };
    using Lease = std::unique_ptr<Connection, Return>;

    ReaderPool(std::filesystem::path file, std::string vfs) : file_(std::move(file)), vfs_(std::move(vfs)) {}

    /// @errors unavailable (shut, or the file cannot be opened)
    Result<Lease> borrow();
    /// Closes all, after waiting for those that are lent, and lends none until `admit`. Idempotent.
    void shut();
    void admit();
    /// Closes the readers that were not busy since it was called before.
    void close_idle();

private:
    void give_back(std::unique_ptr<Connection> connection);

    const std::filesystem::path file_;
    const std::string vfs_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> idle_;
    std::size_t lent_ = 0;
    bool shut_ = false;
};

}  // namespace warren::adapters::sqlite
