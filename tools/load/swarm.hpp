#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct epoll_event;

namespace warren::load {

using Clock = std::chrono::steady_clock;

/// Microseconds of the steady clock.
inline std::uint64_t now_us() {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
    return static_cast<std::uint64_t>(now.count());
}

/// Where the server is and from where it is called.
struct Target {
    std::string host = "127.0.0.1";
    /// Of one server, or of several nodes: connections are dealt out to them in turn.
    std::vector<std::uint16_t> ports{8080};
    std::string path = "/socket.io/";
    /// Connections come from 127.0.0.1, 127.0.0.2, ...: each address has some 28 000 ports.
    std::size_t sources = 4;
    /// Before it sleeps, the generator looks so long for what comes. With 0 a server on the same machine that
    /// sends often pays for waking it each time, which it would not for clients behind a network. Only for a
    /// generator with a core of its own.
    std::chrono::microseconds spin{0};
};

/// What went into looking in vain before sleeping; of this process.
std::chrono::microseconds spun();

/// What a scenario hears of its connections. Views are valid during the call.
class SwarmListener {
public:
    virtual void joined(std::uint32_t connection) = 0;
    virtual void on_event(std::uint32_t connection, std::string_view args) = 0;
    virtual void on_ack(std::uint32_t connection, std::uint64_t id, std::string_view args) = 0;
    /// It ended, and not by `cut`. It may be opened again from within.
    virtual void lost(std::uint32_t connection, std::string_view why) = 0;

protected:
    ~SwarmListener() = default;
};

/// Many Socket.IO clients over WebSocket on one thread, by epoll itself: a client costs some 50 bytes and one
/// system call a reading, however many messages it reads. Heartbeats are answered. @see
/// docs/decisions/0030-load-generator.md
class Swarm {
public:
    /// `connections` clients, all closed. Raises the limit of descriptors as far as it may be, and throws
    /// std::runtime_error where it is too low. `listener` outlives it.
    Swarm(Target target, std::size_t connections, SwarmListener& listener);
    ~Swarm();
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    std::size_t size() const { return clients_.size(); }
    std::size_t joined_count() const { return joined_; }
    /// Opened and neither joined nor ended yet.
    std::size_t joining_count() const { return joining_; }
    bool is_joined(std::uint32_t connection) const;
    bool is_closed(std::uint32_t connection) const;

    /// Connects, and joins the main namespace with `auth` (a JSON object).
    void open(std::uint32_t connection, std::string auth);
    /// Sends `packet`, the text of a Socket.IO packet behind Engine.IO's `4`.
    void send(std::uint32_t connection, std::string_view packet);
    /// Closes the TCP connection as a lost network would: without goodbye.
    void cut(std::uint32_t connection);
    /// Sends `text` as one message that Engine.IO does not know, or Socket.IO does not.
    void send_garbage(std::uint32_t connection, std::string_view text);
    /// Stops reading from it: a slow consumer.
    void stop_reading(std::uint32_t connection);

    /// Waits for anything to happen, at most for `wait` and `Target::spin`, and handles it.
    void turn(std::chrono::microseconds wait);
    /// When the bytes now being handled were read.
    std::uint64_t read_at_us() const { return read_at_us_; }

private:
    enum class State : std::uint8_t { closed, connecting, upgrading, opening, joining, joined };
    struct Client {
        int fd = -1;
        State state = State::closed;
        bool waits_writable = false, reads = true;
        std::uint16_t generation = 0;  ///< Tells events of an earlier socket apart.
        /// The auth until it is sent, what came of an unfinished frame, and what could not be sent: empty in
        /// an idle client.
        std::unique_ptr<std::string> auth, in, out;
    };

    int spin(std::span<epoll_event> events, std::chrono::microseconds most) const;
    void watch(std::uint32_t at, int operation);
    void write(std::uint32_t at, std::string_view bytes);
    void flush(std::uint32_t at);
    void on_connected(std::uint32_t at);
    void on_readable(std::uint32_t at);
    void take(std::uint32_t at, std::string_view bytes);
    std::size_t take_some(std::uint32_t at, std::string_view bytes);
    void on_frame(std::uint32_t at, std::string_view text);
    void close(std::uint32_t at);
    void lose(std::uint32_t at, std::string_view why);

    Target target_;
    std::string request_;
    SwarmListener& listener_;
    std::vector<Client> clients_;
    std::vector<char> buffer_;
    std::string frame_;
    int epoll_ = -1;
    std::size_t joined_ = 0, joining_ = 0;
    std::uint64_t read_at_us_ = 0;
};

}  // namespace warren::load
