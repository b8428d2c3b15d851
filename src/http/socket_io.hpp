#pragma once
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

namespace warren::http {

/// One non-blocking system call's outcome.
struct IoResult {
    enum class State { done, would_block, ended, failed } state;
    std::size_t bytes = 0;
};

inline IoResult read_now(int fd, void* to, std::size_t bytes_max) {
    for (;;) {
        const auto n = ::recv(fd, to, bytes_max, MSG_DONTWAIT);
        if (n > 0) return {IoResult::State::done, static_cast<std::size_t>(n)};
        if (n == 0) return {IoResult::State::ended};
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoResult::State::would_block};
        return {IoResult::State::failed};
    }
}

inline IoResult write_now(int fd, iovec* parts, std::size_t count) {
    for (;;) {
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = count;
        const auto n = ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) return {IoResult::State::done, static_cast<std::size_t>(n)};
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoResult::State::would_block};
        return {IoResult::State::failed};
    }
}

}  // namespace warren::http
