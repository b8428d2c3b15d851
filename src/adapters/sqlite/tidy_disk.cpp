#include "adapters/sqlite/tidy_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace warren::adapters::sqlite {
namespace {

constexpr int kPageBytesMin = 512;
/// Other pages begin with the number of a page: its first byte could be taken for a page's kind from page
/// 2^25 on (128 GiB). Such large files are left as they are.
constexpr long long kPagesMax = 1 << 25;

/// The methods of an open file with another xWrite, and those that they stand for.
struct TidyMethods : sqlite3_io_methods {
    const sqlite3_io_methods* real = nullptr;
};

int write_tidily(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    const auto* real = static_cast<const TidyMethods*>(file->pMethods)->real;
    // Whole pages only; the first write to a new file is its header alone.
    if (size < kPageBytesMin || offset % size != 0) return real->xWrite(file, data, size, offset);
    thread_local std::vector<unsigned char> page;
    const auto* bytes = static_cast<const unsigned char*>(data);
    page.assign(bytes, bytes + size);
    tidy_page(page.data(), size, offset);
    return real->xWrite(file, page.data(), size, offset);
}

const sqlite3_io_methods* tidy(const sqlite3_io_methods* real) {
    static std::mutex mutex;
    static std::map<const sqlite3_io_methods*, std::unique_ptr<TidyMethods>> made;
    const std::lock_guard lock(mutex);
    auto& methods = made[real];
    if (!methods) {
        methods = std::make_unique<TidyMethods>();
        static_cast<sqlite3_io_methods&>(*methods) = *real;
        methods->real = real;
        methods->xWrite = write_tidily;
    }
    return methods.get();
}

sqlite3_vfs* base() {
    static sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    return vfs;
}

int open_tidily(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    const int code = base()->xOpen(base(), path, file, flags, out_flags);
    // The logs' own checksums cover what SQLite gave them; they are emptied instead.
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) file->pMethods = tidy(file->pMethods);
    return code;
}

std::size_t number_at(const unsigned char* bytes) {
    return std::size_t{bytes[0]} * 256 + bytes[1];
}

}  // namespace

const char* tidy_disk() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs made = *base();
        made.zName = "warren-tidy";
        made.pNext = nullptr;
        made.xOpen = open_tidily;
        return made;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    return registered == SQLITE_OK ? vfs.zName : nullptr;
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
