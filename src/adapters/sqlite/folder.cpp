#include "adapters/sqlite/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace warren::adapters::sqlite {
namespace {

std::string reason(int number) {
    return std::generic_category().message(number);
}

Error unusable(const std::filesystem::path& path, const std::string& why) {
    return {Errc::unavailable, "The data folder " + path.string() + " cannot be used: " + why +
                                   ". Make it writable for the user that runs Warren, or choose another."};
}

/// Who wrote their process id into the lock file, for people to read.
std::string holder(int lock) {
    std::array<char, 32> text{};
    const auto size = ::pread(lock, text.data(), text.size() - 1, 0);
    const std::string digits(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto end = digits.find('\n');
    return end == std::string::npos ? "" : " (process " + digits.substr(0, end) + ")";
}

void write_own_pid(int lock) {
    const auto text = std::to_string(::getpid()) + "\n";
    // For people only: a lock file that cannot be written holds as well.
    if (::ftruncate(lock, 0) == 0) (void)!::pwrite(lock, text.data(), text.size(), 0);
}

}  // namespace

Result<Folder> Folder::hold(std::filesystem::path path) {
    std::error_code failed;
    const bool made = std::filesystem::create_directories(path, failed);
    if (failed) return unusable(path, failed.message());
    if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, failed);

    const auto file = path / "warren.lock";
    const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return unusable(path, reason(errno));
    Folder folder(std::move(path), lock);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return unusable(folder.path(), reason(errno));
        return Error(Errc::conflict, "Another Warren" + holder(lock) + " holds the data folder " +
                                         folder.path().string() +
                                         ". Stop it, or give this one another folder.");
    }
    write_own_pid(lock);
    return folder;
}

Folder::~Folder() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace warren::adapters::sqlite
