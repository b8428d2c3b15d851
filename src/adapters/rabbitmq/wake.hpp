#pragma once

namespace warren::rabbitmq {

/// Wakes a thread that waits in poll(2): signalled before or while it waits, the wait ends at once.
/// Thread-safe.
class Wake {
public:
    /// Throws std::system_error where the process has no descriptor left.
    Wake();
    ~Wake();
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    void signal();
    /// Forgets the signals so far; by the thread that waits.
    void clear();
    /// Readable while signalled.
    int fd() const { return fd_; }

private:
    int fd_;
};

}  // namespace warren::rabbitmq
