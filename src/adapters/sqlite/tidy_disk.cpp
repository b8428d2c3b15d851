#include "adapters/sqlite/tidy_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <vector>

namespace warren::adapters::sqlite {
namespace {

constexpr int kPageBytesMin = 512;
/// Other pages begin with the number of a page: its first byte could be taken for a page's kind from page
/// 2^25 on (128 GiB). Such large files are left as they are.
constexpr long long kPagesMax = 1 << 25;

/// What is written in one piece at most; SQLite's own file system takes no 128 KiB.
constexpr std::size_t kPieceBytesMax = 120 * 1'024;

/// An open file; the real one lies behind it in memory.
struct File {
    sqlite3_file base;
    sqlite3_file* real;
    bool is_database;
    bool is_log;
    /// Of a log: what was written from `at` on, and is not yet in the real one.
    std::vector<unsigned char> piece;
    sqlite3_int64 at;

    const sqlite3_io_methods& methods() const { return *real->pMethods; }
    int flush() {
        if (piece.empty()) return SQLITE_OK;
        const int code = methods().xWrite(real, piece.data(), static_cast<int>(piece.size()), at);
        piece.clear();
        return code;
    }
};

File& file(sqlite3_file* raw) {
    return *reinterpret_cast<File*>(raw);
}

int write_tidily(File& f, const void* data, int size, sqlite3_int64 at) {
    // Whole pages only; the first write to a new file is its header alone.
    if (size < kPageBytesMin || at % size != 0) return f.methods().xWrite(f.real, data, size, at);
    const auto* bytes = static_cast<const unsigned char*>(data);
    thread_local std::vector<unsigned char> page;
    page.assign(bytes, bytes + size);
    tidy_page(page.data(), size, at);
    return f.methods().xWrite(f.real, page.data(), size, at);
}

int gather(File& f, const void* data, int size, sqlite3_int64 at) {
    const auto bytes = static_cast<std::size_t>(size);
    const auto end = f.at + static_cast<sqlite3_int64>(f.piece.size());
    if (at != end || f.piece.size() + bytes > kPieceBytesMax) {
        const int code = f.flush();
        if (code != SQLITE_OK) return code;
        f.at = at;
    }
    const auto* first = static_cast<const unsigned char*>(data);
    f.piece.insert(f.piece.end(), first, first + bytes);
    return SQLITE_OK;
}

int write(sqlite3_file* raw, const void* data, int size, sqlite3_int64 at) {
    auto& f = file(raw);
    if (f.is_database) return write_tidily(f, data, size, at);
    if (f.is_log) return gather(f, data, size, at);
    return f.methods().xWrite(f.real, data, size, at);
}

/// Calls `method`, a pointer to one of the real file's, once that has all that was written.
template <auto method, class... Args>
int flushed(sqlite3_file* raw, Args... args) {
    auto& f = file(raw);
    const int code = f.flush();
    return code == SQLITE_OK ? (f.methods().*method)(f.real, args...) : code;
}

template <auto method, class... Args>
auto forward(sqlite3_file* raw, Args... args) {
    return (file(raw).methods().*method)(file(raw).real, args...);
}

int close(sqlite3_file* raw) {
    auto& f = file(raw);
    const int flushed = f.flush();
    const int closed = f.methods().xClose(f.real);
    f.~File();
    return flushed == SQLITE_OK ? closed : flushed;
}

using M = sqlite3_io_methods;
constexpr M kMethods = {
    2,
    close,
    flushed<&M::xRead, void*, int, sqlite3_int64>,
    write,
    flushed<&M::xTruncate, sqlite3_int64>,
    flushed<&M::xSync, int>,
    flushed<&M::xFileSize, sqlite3_int64*>,
    forward<&M::xLock, int>,
    forward<&M::xUnlock, int>,
    forward<&M::xCheckReservedLock, int*>,
    flushed<&M::xFileControl, int, void*>,
    forward<&M::xSectorSize>,
    forward<&M::xDeviceCharacteristics>,
    forward<&M::xShmMap, int, int, int, void volatile**>,
    forward<&M::xShmLock, int, int, int>,
    forward<&M::xShmBarrier>,
    forward<&M::xShmUnmap, int>,
    nullptr,
    nullptr,
};

/// A file system of ours, over the one whose name its `pAppData` is; that may be another one at each call.
sqlite3_vfs& beneath(sqlite3_vfs* vfs) {
    const auto* name = static_cast<const std::string*>(vfs->pAppData);
    return *sqlite3_vfs_find(name->empty() ? nullptr : name->c_str());
}

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* raw, int flags, int* out_flags) {
    raw->pMethods = nullptr;
    auto* real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(raw) + sizeof(File));
    auto& disk = beneath(vfs);
    const int code = disk.xOpen(&disk, path, real, flags, out_flags);
    if (!real->pMethods) return code;
    new (raw)
        File{{&kMethods}, real, (flags & SQLITE_OPEN_MAIN_DB) != 0, (flags & SQLITE_OPEN_WAL) != 0, {}, 0};
    return code;
}

int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    auto& disk = beneath(vfs);
    return disk.xDelete(&disk, path, sync_folder);
}

std::size_t number_at(const unsigned char* bytes) {
    return std::size_t{bytes[0]} * 256 + bytes[1];
}

}  // namespace

const char* tidy_disk(const std::string& over) {
    struct Registered {
        std::string over;
        std::string name;
        sqlite3_vfs vfs;
    };
    static std::mutex mutex;
    static std::map<std::string, Registered> made;
    const std::lock_guard lock(mutex);
    auto& [beneath_name, name, vfs] = made[over];
    if (name.empty()) {
        const auto* real = sqlite3_vfs_find(over.empty() ? nullptr : over.c_str());
        if (!real) return nullptr;
        beneath_name = over;
        name = "warren-tidy" + over;
        vfs = *real;
        vfs.zName = name.c_str();
        vfs.pNext = nullptr;
        vfs.pAppData = &beneath_name;
        vfs.szOsFile += static_cast<int>(sizeof(File));
        vfs.xOpen = open;
        vfs.xDelete = remove;
        sqlite3_vfs_register(&vfs, 0);
    }
    return name.c_str();
}

// @see sqlite.org/fileformat2.html, 1.6. B-tree Pages
void tidy_page(unsigned char* page, int size, long long offset) {
    if (offset / size >= kPagesMax) return;
    const std::size_t header = offset == 0 ? 100 : 0;
    const auto kind = page[header];
    const bool is_leaf = kind == 10 || kind == 13;
    if (!is_leaf && kind != 2 && kind != 5) return;
    const auto cells = number_at(page + header + 3);
    auto content = number_at(page + header + 5);
    if (content == 0) content = 65'536;
    const std::size_t unused = header + (is_leaf ? 8 : 12) + 2 * cells;
    if (content > static_cast<std::size_t>(size) || unused > content) return;
    std::fill(page + unused, page + content, static_cast<unsigned char>(0));
}

}  // namespace warren::adapters::sqlite
