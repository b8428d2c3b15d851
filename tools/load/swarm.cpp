#include "load/swarm.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "load/wire.hpp"

namespace warren::load {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr int kEventsPerTurn = 512;
constexpr std::size_t kSpareDescriptors = 32;

void raise_descriptor_limit(std::size_t wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < wanted) {
        auto higher = limit;
        higher.rlim_cur = higher.rlim_max = wanted;
        if (::setrlimit(RLIMIT_NOFILE, &higher) != 0) {
            throw std::runtime_error("this process may open " + std::to_string(limit.rlim_max) +
                                     " files, and " + std::to_string(wanted) +
                                     " are needed; raise `ulimit -n`, or run several generators");
        }
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &out.sin_addr) != 1) {
        throw std::runtime_error("the host must be an IPv4 address, not " + host);
    }
    return out;
}

/// A socket whose source is the `n`th loopback address, where the server is on loopback too.
int open_socket(const sockaddr_in& to, std::size_t n) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if ((ntohl(to.sin_addr.s_addr) >> 24) != 127) return fd;
    // The kernel then chooses the port when connecting, one that is free towards this server only.
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(n));
    ::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from);
    return fd;
}

std::uint64_t spun_us = 0;

}  // namespace

std::chrono::microseconds spun() {
    return std::chrono::microseconds(spun_us);
}

Swarm::Swarm(Target target, std::size_t connections, SwarmListener& listener)
    : target_(std::move(target)),
      request_(upgrade_request(target_.host + ":" + std::to_string(target_.ports.at(0)), target_.path)),
      listener_(listener),
      clients_(connections),
      buffer_(kReadBytes),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    raise_descriptor_limit(connections + kSpareDescriptors);
    // Or the kernel would round the pauses between messages up by 50 us.
    ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

Swarm::~Swarm() {
    for (std::uint32_t at = 0; at < clients_.size(); ++at)
        close(at);
    ::close(epoll_);
}

bool Swarm::is_joined(std::uint32_t connection) const {
    return clients_[connection].state == State::joined;
}
bool Swarm::is_closed(std::uint32_t connection) const {
    return clients_[connection].state == State::closed;
}

void Swarm::open(std::uint32_t connection, std::string auth) {
    auto& client = clients_[connection];
    const auto to = address_of(target_.host, target_.ports[connection % target_.ports.size()]);
    client.fd = open_socket(to, connection % std::max<std::size_t>(1, target_.sources));
    client.state = State::connecting;
    client.auth = std::make_unique<std::string>(std::move(auth));
    ++joining_;
    const int connected = ::connect(client.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    if (client.fd < 0 || (connected != 0 && errno != EINPROGRESS)) {
        lose(connection, std::strerror(errno));
        return;
    }
    client.waits_writable = true;
    watch(connection, EPOLL_CTL_ADD);
}

void Swarm::watch(std::uint32_t at, int operation) {
    auto& client = clients_[at];
    epoll_event event{};
    event.events = (client.reads ? EPOLLIN : 0U) | (client.waits_writable ? EPOLLOUT : 0U);
    event.data.u64 = (std::uint64_t{client.generation} << 32) | at;
    ::epoll_ctl(epoll_, operation, client.fd, &event);
}

void Swarm::send(std::uint32_t connection, std::string_view packet) {
    if (clients_[connection].fd < 0) return;
    frame_.clear();
    append_text_frame(frame_, "4", packet);
    write(connection, frame_);
}

void Swarm::write(std::uint32_t at, std::string_view bytes) {
    auto& client = clients_[at];
    if (client.out) {
        client.out->append(bytes);
        return;
    }
    const auto sent = ::send(client.fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size())) return;
    if (sent < 0 && errno != EAGAIN) return;  // Reading will say why.
    client.out =
        std::make_unique<std::string>(bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(0, sent))));
    client.waits_writable = true;
    watch(at, EPOLL_CTL_MOD);
}

void Swarm::flush(std::uint32_t at) {
    auto& client = clients_[at];
    client.waits_writable = false;
    if (const auto waiting = std::exchange(client.out, nullptr)) write(at, *waiting);
    if (!client.waits_writable) watch(at, EPOLL_CTL_MOD);
}

void Swarm::send_garbage(std::uint32_t connection, std::string_view text) {
    std::string frame;
    append_text_frame(frame, text, {});
    write(connection, frame);
}

void Swarm::cut(std::uint32_t connection) {
    close(connection);
}

void Swarm::stop_reading(std::uint32_t connection) {
    clients_[connection].reads = false;
    watch(connection, EPOLL_CTL_MOD);
}

void Swarm::close(std::uint32_t at) {
    auto& client = clients_[at];
    if (client.state == State::closed) return;
    --(client.state == State::joined ? joined_ : joining_);
    const auto generation = client.generation;
    if (client.fd >= 0) ::close(client.fd);
    client = Client{};
    client.generation = static_cast<std::uint16_t>(generation + 1);
}

void Swarm::lose(std::uint32_t at, std::string_view why) {
    const std::string reason(why);  // It may lie in what is about to be freed.
    close(at);
    listener_.lost(at, reason);
}

/// The events that come within `most`, without sleeping.
int Swarm::spin(std::span<epoll_event> events, std::chrono::microseconds most) const {
    const timespec at_once{};
    const auto began = now_us();
    auto in_vain_until = began;
    int count = 0;
    while (in_vain_until - began < static_cast<std::uint64_t>(most.count())) {
        count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &at_once, nullptr);
        if (count != 0) break;
        in_vain_until = now_us();
    }
    spun_us += in_vain_until - began;
    return count;
}

void Swarm::turn(std::chrono::microseconds wait) {
    epoll_event events[kEventsPerTurn];
    const timespec until{wait.count() / 1'000'000, wait.count() % 1'000'000 * 1000};
    auto count = spin(events, std::min(wait, target_.spin));
    if (count == 0) count = ::epoll_pwait2(epoll_, events, kEventsPerTurn, &until, nullptr);
    for (int i = 0; i < count; ++i) {
        const auto at = static_cast<std::uint32_t>(events[i].data.u64);
        const auto& client = clients_[at];
        const auto is_current = [&] {
            return client.fd >= 0 && client.generation == events[i].data.u64 >> 32;
        };
        if (!is_current()) continue;
        if (client.state == State::connecting) {
            on_connected(at);
            continue;
        }
        if (events[i].events & EPOLLOUT) flush(at);
        if (is_current() && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) on_readable(at);
    }
}

void Swarm::on_connected(std::uint32_t at) {
    auto& client = clients_[at];
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) {
        lose(at, std::strerror(failure));
        return;
    }
    client.state = State::upgrading;
    client.waits_writable = false;
    watch(at, EPOLL_CTL_MOD);
    write(at, request_);
}

void Swarm::on_readable(std::uint32_t at) {
    const auto got = ::recv(clients_[at].fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        lose(at, got == 0 ? "closed by the server" : std::strerror(errno));
        return;
    }
    read_at_us_ = now_us();
    const auto generation = clients_[at].generation;
    try {
        take(at, {buffer_.data(), static_cast<std::size_t>(got)});
    } catch (const WireError& error) {
        if (clients_[at].generation == generation) lose(at, error.what());
    }
}

void Swarm::take(std::uint32_t at, std::string_view bytes) {
    const auto generation = clients_[at].generation;
    const auto earlier = std::exchange(clients_[at].in, nullptr);
    if (earlier) bytes = earlier->append(bytes);
    while (!bytes.empty()) {
        const auto taken = take_some(at, bytes);
        if (clients_[at].generation != generation) return;
        if (taken == 0) break;
        bytes.remove_prefix(taken);
    }
    if (!bytes.empty()) clients_[at].in = std::make_unique<std::string>(bytes);
}

std::size_t Swarm::take_some(std::uint32_t at, std::string_view bytes) {
    auto& client = clients_[at];
    if (client.state == State::upgrading) {
        const auto end = bytes.find("\r\n\r\n");
        if (end == bytes.npos) return 0;
        if (!bytes.starts_with("HTTP/1.1 101"))
            throw WireError(std::string(bytes.substr(0, bytes.find('\r'))));
        client.state = State::opening;
        return end + 4;
    }
    const auto frame = first_frame(bytes);
    if (!frame) return 0;
    if (frame->opcode == http::Opcode::close) throw WireError("closed by the server");
    if (frame->opcode == http::Opcode::text) on_frame(at, frame->payload);
    return frame->bytes;
}

void Swarm::on_frame(std::uint32_t at, std::string_view text) {
    using Kind = ServerPacket::Kind;
    const auto packet = parse_server_packet(text);
    auto& client = clients_[at];
    switch (packet.kind) {
        case Kind::open:
            client.state = State::joining;
            send(at, "0" + *client.auth);
            client.auth.reset();
            break;
        case Kind::ping:
            frame_.clear();
            append_text_frame(frame_, "3", {});
            write(at, frame_);
            break;
        case Kind::connected:
            client.state = State::joined;
            --joining_;
            ++joined_;
            listener_.joined(at);
            break;
        case Kind::event:
            listener_.on_event(at, packet.body);
            break;
        case Kind::ack:
            listener_.on_ack(at, packet.ack, packet.body);
            break;
        case Kind::refused:
            throw WireError("refused: " + std::string(packet.body));
        case Kind::disconnected:
            throw WireError("disconnected by the server");
        case Kind::other:
            break;
    }
}

}  // namespace warren::load
