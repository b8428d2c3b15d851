#include "adapters/rabbitmq/wake.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace warren::rabbitmq {

Wake::Wake() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Wake::~Wake() {
    ::close(fd_);
}

void Wake::signal() {
    // Fails only where it is signalled already, a great many times.
    (void)::eventfd_write(fd_, 1);
}

void Wake::clear() {
    eventfd_t count = 0;
    (void)::eventfd_read(fd_, &count);
}

}  // namespace warren::rabbitmq
