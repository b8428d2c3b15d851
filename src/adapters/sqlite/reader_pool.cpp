#include "adapters/sqlite/reader_pool.hpp"

namespace warren::adapters::sqlite {
namespace {

Result<std::unique_ptr<Connection>> open_reading(const std::filesystem::path& file, const std::string& vfs) {
    WARREN_TRY(connection, Connection::open(file, SQLITE_OPEN_READONLY, vfs));
    WARREN_TRY_VOID(connection->run_script("PRAGMA cache_size=-8192"));
    return connection;
}

}  // namespace

void ReaderPool::Return::operator()(Connection* connection) const {
    pool->give_back(std::unique_ptr<Connection>(connection));
}

Result<ReaderPool::Lease> ReaderPool::borrow() {
    std::unique_lock lock(mutex_);
    if (shut_) return Error(Errc::unavailable, "The database is closed after an error of its disk.");
    ++lent_;
    if (!idle_.empty()) {
        Lease lease(idle_.back().release(), Return{this});
        idle_.pop_back();
        return lease;
    }
    lock.unlock();
    auto opened = open_reading(file_, vfs_);
    if (opened.has_error()) {
        give_back(nullptr);
        return std::move(opened).error();
    }
    return Lease(opened->release(), Return{this});
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
    // Closed before it is counted as returned: `shut` promises that none is open.
    if (connection && connection->failure()) connection.reset();
    const std::lock_guard lock(mutex_);
    if (connection) idle_.push_back(std::move(connection));
    --lent_;
    returned_.notify_all();
}

void ReaderPool::shut() {
    std::unique_lock lock(mutex_);
    shut_ = true;
    returned_.wait(lock, [this] { return lent_ == 0; });
    idle_.clear();
}

void ReaderPool::admit() {
    const std::lock_guard lock(mutex_);
    shut_ = false;
}

void ReaderPool::close_idle() {
    const std::lock_guard lock(mutex_);
    std::erase_if(idle_, [](const auto& connection) { return !connection->take_busy(); });
}

}  // namespace warren::adapters::sqlite
