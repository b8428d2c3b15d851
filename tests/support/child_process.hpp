#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace warren::testing {

/// A program that a test runs as a child. Owned: destroying it ends the child with SIGTERM, and with SIGKILL
/// where it has not ended after 10 s. The child also ends when the *thread* that started it does (so that a
/// test that is killed leaves nothing running): start children on a thread that stays. Not thread-safe.
/// Failures to start throw std::system_error.
class ChildProcess {
public:
    struct Options {
        std::vector<std::string> command;  ///< The program's path or a name on PATH, then its arguments.
        std::map<std::string, std::string> env;  ///< Added to this process's environment.
        std::filesystem::path log;  ///< Standard output and error are appended here; empty: this process's.
    };

    explicit ChildProcess(const Options& options);
    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;

    pid_t pid() const { return pid_; }
    /// Whether it has not ended yet.
    bool running();
    /// Sends `signal`; does nothing once the child has ended.
    void send_signal(int signal);
    /// Waits for the end: the exit status, or 128 + the signal that ended it; nothing after `timeout`.
    std::optional<int> wait(std::chrono::milliseconds timeout);
    /// SIGTERM, then SIGKILL after `timeout`. Returns as `wait` does.
    int terminate(std::chrono::milliseconds timeout = std::chrono::seconds(10));
    /// SIGKILL: the end that a crash or a power cut makes.
    void kill();

private:
    pid_t pid_ = -1;
    std::optional<int> status_;
};

/// A port of 127.0.0.1 that nothing listens on and no other test gets: the UDP port of the same number is
/// this process's own until it ends. It is outside the range that outgoing connections take theirs from; a
/// server that needs further ports takes this one + 7000 and + 14000. Not from several threads at once.
std::uint16_t free_port();

/// Asks `condition` every few milliseconds until it holds; false after `timeout`.
bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout);

/// A folder that is deleted with its content when this goes.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace warren::testing
