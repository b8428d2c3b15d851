#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

namespace warren::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::system_error last_error(const std::string& what) {
    return {errno, std::generic_category(), what};
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
    std::vector<std::string> result;
    for (const auto& [name, value] : added)
        result.push_back(name + "=" + value);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!added.contains(text.substr(0, text.find('=')))) result.push_back(text);
    }
    return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts)
        result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

// Runs between fork and exec in a copy of a process that may have had threads: only async-signal-safe calls.
[[noreturn]] void become(char* const* command, char* const* environment, int log, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(125);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (log >= 0) {
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
    }
    environ = const_cast<char**>(environment);
    ::execvp(command[0], command);
    ::_exit(127);
}

int open_log(const std::filesystem::path& path) {
    if (path.empty()) return -1;
    const int log = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) throw last_error(path.string());
    return log;
}

}  // namespace

ChildProcess::ChildProcess(const Options& options) {
    auto command_texts = options.command;
    auto environment_texts = environment_with(options.env);
    const auto command = pointers_to(command_texts);
    const auto environment = pointers_to(environment_texts);
    const int log = open_log(options.log);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(command.data(), environment.data(), log, parent);
    if (log >= 0) ::close(log);
    if (pid_ < 0) throw last_error("fork");
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0) terminate();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(std::exchange(other.status_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(status_, other.status_);
    return *this;
}

bool ChildProcess::running() {
    return !wait(0ms);
}

void ChildProcess::send_signal(int signal) {
    if (running()) ::kill(pid_, signal);
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds timeout) {
    const auto reaped = [this] {
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
            status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        return status_.has_value();
    };
    wait_until(reaped, timeout);
    return status_;
}

int ChildProcess::terminate(std::chrono::milliseconds timeout) {
    send_signal(SIGTERM);
    if (!wait(timeout)) kill();
    return *status_;
}

void ChildProcess::kill() {
    send_signal(SIGKILL);
    wait(1min);
}

namespace {

/// A socket of `type` bound to that port of 127.0.0.1, or -1 where it is taken.
int bound_socket(int type, std::uint16_t port) {
    const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
    ::close(socket);
    return -1;
}

}  // namespace

std::uint16_t free_port() {
    static std::mt19937 random{std::random_device{}()};
    std::uniform_int_distribution<std::uint16_t> ports(11'000, 17'999);
    while (true) {
        const auto port = ports(random);
        // The claim stays open, so the port is this process's own until it ends.
        if (bound_socket(SOCK_DGRAM, port) == -1) continue;
        if (const int probe = bound_socket(SOCK_STREAM, port); probe != -1) {
            ::close(probe);
            return port;
        }
    }
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout) {
    const auto end = Clock::now() + timeout;
    for (auto pause = 1ms; !condition(); pause = std::min(pause * 2, 50ms)) {
        if (Clock::now() >= end) return false;
        std::this_thread::sleep_for(pause);
    }
    return true;
}

TemporaryFolder::TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "warren-test.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw last_error(name);
    // A server's other user (PostgreSQL's) must be able to reach what lies in it.
    std::filesystem::permissions(name, std::filesystem::perms(0755));
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace warren::testing
