#pragma once
#include <filesystem>

#include "base/result.hpp"

namespace warren::adapters::sqlite {

/// The data folder, held by this process alone: `warren.lock` in it is locked while this lives, and freed by
/// the system when the process ends in any way. Two in one process exclude each other as well.
class Folder {
public:
    /// Makes the folder (mode 0700) where there is none.
    /// @errors unavailable (cannot be made or written), conflict (another process holds it); the message says
    /// which and what to do
    static Result<Folder> hold(std::filesystem::path path);
    ~Folder();
    Folder(Folder&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
    Folder& operator=(Folder&&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path database() const { return path_ / "warren.db"; }

private:
    Folder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

    std::filesystem::path path_;
    int lock_;
};

}  // namespace warren::adapters::sqlite
