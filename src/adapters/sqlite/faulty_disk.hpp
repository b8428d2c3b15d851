#pragma once
#include <sqlite3.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace warren::testing {

/// A file system for SQLite that fails, waits and forgets on demand, over the machine's own. For tests. Of
/// every file it keeps what would be left after the power went: bytes count once a sync after them succeeded,
/// and those before a failed sync never do, however often it is repeated (as Linux does). One exists at a
/// time; pass `name()` as Options::vfs. Thread-safe.
class FaultyDisk {
public:
    FaultyDisk();
    ~FaultyDisk() { sqlite3_vfs_unregister(&vfs_); }
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;

    static const char* name() { return "faulty"; }

    /// The code that each following sync (or write) ends in; SQLITE_OK heals.
    void fail_syncs(int code) {
        set([=](FaultyDisk& self) { self.sync_code_ = code; });
    }
    void fail_writes(int code) {
        set([=](FaultyDisk& self) { self.write_code_ = code; });
    }
    /// Like `fail_syncs`, of database files and not of their logs.
    void fail_database_syncs(int code) {
        set([=](FaultyDisk& self) { self.database_sync_code_ = code; });
    }
    void heal() {
        set([](FaultyDisk& self) {
            self.sync_code_ = self.database_sync_code_ = self.write_code_ = SQLITE_OK;
        });
    }
    /// Syncs that begin wait until `release`.
    void hold_syncs() {
        set([](FaultyDisk& self) { self.held_ = true; });
    }
    void release() {
        set([](FaultyDisk& self) { self.held_ = false; });
    }
    /// Waits until a sync is being held.
    void await_held() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return holding_ > 0; });
    }
    /// How often a database file was opened.
    int opens() const {
        const std::lock_guard lock(mutex_);
        return opens_;
    }
    /// How often a database file, not its log, was written to.
    int database_writes() const {
        const std::lock_guard lock(mutex_);
        return database_writes_;
    }
    /// Writes what would be left of the files in `folder` after the power went into `to`.
    void write_remains(const std::filesystem::path& folder, const std::filesystem::path& to) const {
        const std::lock_guard lock(mutex_);
        for (const auto& [path, file] : files_) {
            const std::filesystem::path of(path);
            if (!file.exists || of.parent_path() != folder) continue;
            std::ofstream out(to / of.filename(), std::ios::binary);
            out.write(file.durable.data(), static_cast<std::streamsize>(file.durable.size()));
        }
    }

private:
    struct Piece {
        std::size_t at;
        std::string bytes;
    };
    struct Content {
        bool exists = false;
        std::string durable;
        std::vector<Piece> pending;
    };
    struct File {
        sqlite3_file base;
        FaultyDisk* disk;
        Content* content;  // Null for files without a name.
        bool is_database;
        sqlite3_file* real;
    };

    template <class F>
    void set(F f) {
        const std::lock_guard lock(mutex_);
        f(*this);
        changed_.notify_all();
    }
    static File& file(sqlite3_file* raw) { return *reinterpret_cast<File*>(raw); }
    static sqlite3_file* real(sqlite3_file* raw) { return file(raw).real; }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* raw, int flags, int* out_flags);
    static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder);
    static int write(sqlite3_file* raw, const void* data, int size, sqlite3_int64 at);
    static int truncate(sqlite3_file* raw, sqlite3_int64 size);
    static int sync(sqlite3_file* raw, int flags);
    static const sqlite3_io_methods& methods();

    sqlite3_vfs* real_vfs_ = sqlite3_vfs_find(nullptr);
    sqlite3_vfs vfs_ = *real_vfs_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Content> files_;
    int sync_code_ = SQLITE_OK;
    int database_sync_code_ = SQLITE_OK;
    int write_code_ = SQLITE_OK;
    bool held_ = false;
    int holding_ = 0;
    int opens_ = 0;
    int database_writes_ = 0;
};

inline FaultyDisk::FaultyDisk() {
    vfs_.zName = name();
    vfs_.pNext = nullptr;
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_vfs_->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    sqlite3_vfs_register(&vfs_, 0);
}

inline int FaultyDisk::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* raw, int flags,
                            int* out_flags) {
    auto& self = *static_cast<FaultyDisk*>(vfs->pAppData);
    auto& f = file(raw);
    f.base.pMethods = nullptr;
    f.disk = &self;
    f.content = nullptr;
    f.is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    f.real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(raw) + sizeof(File));
    const int code = self.real_vfs_->xOpen(self.real_vfs_, path, f.real, flags, out_flags);
    if (!f.real->pMethods) return code;
    f.base.pMethods = &methods();
    const std::lock_guard lock(self.mutex_);
    if (path) f.content = &self.files_[path];
    if (path) f.content->exists = true;
    if (flags & SQLITE_OPEN_MAIN_DB) ++self.opens_;
    return code;
}

inline int FaultyDisk::remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    auto& self = *static_cast<FaultyDisk*>(vfs->pAppData);
    {
        const std::lock_guard lock(self.mutex_);
        if (path) self.files_[path] = {};
    }
    return self.real_vfs_->xDelete(self.real_vfs_, path, sync_folder);
}

inline int FaultyDisk::write(sqlite3_file* raw, const void* data, int size, sqlite3_int64 at) {
    auto& f = file(raw);
    {
        const std::lock_guard lock(f.disk->mutex_);
        if (f.disk->write_code_ != SQLITE_OK) return f.disk->write_code_;
        if (f.is_database) ++f.disk->database_writes_;
        if (f.content) {
            f.content->pending.push_back(
                {static_cast<std::size_t>(at),
                 std::string(static_cast<const char*>(data), static_cast<std::size_t>(size))});
        }
    }
    return f.real->pMethods->xWrite(f.real, data, size, at);
}

inline int FaultyDisk::truncate(sqlite3_file* raw, sqlite3_int64 size) {
    auto& f = file(raw);
    {
        const std::lock_guard lock(f.disk->mutex_);
        // The worst order: lengths are durable at once, bytes are not.
        const auto end = static_cast<std::size_t>(size);
        if (f.content) f.content->durable.resize(std::min(f.content->durable.size(), end));
        if (f.content) std::erase_if(f.content->pending, [=](const Piece& piece) { return piece.at >= end; });
    }
    return f.real->pMethods->xTruncate(f.real, size);
}

inline int FaultyDisk::sync(sqlite3_file* raw, int) {
    auto& f = file(raw);
    std::unique_lock lock(f.disk->mutex_);
    ++f.disk->holding_;
    f.disk->changed_.notify_all();
    f.disk->changed_.wait(lock, [&] { return !f.disk->held_; });
    --f.disk->holding_;
    std::vector<Piece> pending;
    if (f.content) pending.swap(f.content->pending);
    if (f.disk->sync_code_ != SQLITE_OK) return f.disk->sync_code_;
    if (f.is_database && f.disk->database_sync_code_ != SQLITE_OK) return f.disk->database_sync_code_;
    for (const auto& piece : pending) {
        auto& bytes = f.content->durable;
        bytes.resize(std::max(bytes.size(), piece.at + piece.bytes.size()));
        std::copy(piece.bytes.begin(), piece.bytes.end(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(piece.at));
    }
    return SQLITE_OK;  // Nobody will cut the machine's power, so its disk need not be waited for.
}

inline const sqlite3_io_methods& FaultyDisk::methods() {
    static const sqlite3_io_methods kMethods = {
        2,
        [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); },
        [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
            return real(f)->pMethods->xRead(real(f), to, size, at);
        },
        write,
        truncate,
        sync,
        [](sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
        [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); },
        [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); },
        [](sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); },
        [](sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); },
        [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
        [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
        [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
            return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
        },
        [](sqlite3_file* f, int offset, int n, int flags) {
            return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
        },
        [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
        [](sqlite3_file* f, int remove_it) { return real(f)->pMethods->xShmUnmap(real(f), remove_it); },
        nullptr,
        nullptr,
    };
    return kMethods;
}

}  // namespace warren::testing
