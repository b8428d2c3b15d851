#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace warren::http {

/// A blocking TCP client for tests: sends bytes, reads what comes. Gives up after 10 s without any.
class TestClient {
public:
    /// `receive_bytes` bounds what the kernel takes for it; 0: as usual.
    explicit TestClient(std::uint16_t port, int receive_bytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        if (receive_bytes > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            throw std::runtime_error("cannot connect");
        }
    }
    ~TestClient() { close(); }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int fd() const { return fd_; }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    /// Exactly `n` bytes, fewer at the end of the stream.
    std::string read(std::size_t n) {
        while (in_.size() < n && more()) {
        }
        const auto got = in_.substr(0, n);
        in_.erase(0, got.size());
        return got;
    }
    std::string read_until(std::string_view end) {
        auto at = in_.find(end);
        while (at == in_.npos && more())
            at = in_.find(end);
        return read(at == in_.npos ? in_.size() : at + end.size());
    }
    std::string read_to_end() {
        while (more()) {
        }
        return std::exchange(in_, {});
    }

    struct Answer {
        unsigned status = 0;
        std::string head, body;
    };
    /// One response; `has_body` is false for HEAD.
    Answer answer(bool has_body = true) {
        Answer got;
        got.head = read_until("\r\n\r\n");
        if (got.head.size() > 12) got.status = static_cast<unsigned>(std::atoi(got.head.c_str() + 9));
        const auto at = got.head.find("Content-Length: ");
        if (has_body && at != got.head.npos) {
            got.body = read(static_cast<std::size_t>(std::atoll(got.head.c_str() + at + 16)));
        }
        return got;
    }
    Answer get(const std::string& target) {
        send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
        return answer();
    }
    Answer post(const std::string& target, const std::string& body) {
        send("POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body);
        return answer();
    }
    Answer upgrade(const std::string& target) {
        send("GET " + target +
             " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        return answer();
    }
    /// A masked frame with a key of zeros.
    void send_frame(int opcode, std::string_view payload) {
        std::string out{static_cast<char>(0x80 | opcode)};
        if (payload.size() < 126) {
            out += static_cast<char>(0x80 | payload.size());
        } else {
            out += static_cast<char>(0xfe);
            out += static_cast<char>(payload.size() >> 8);
            out += static_cast<char>(payload.size() & 255);
        }
        out.append(4, '\0').append(payload);
        send(out);
    }
    /// The next frame: its opcode and payload; -1 at the end.
    std::pair<int, std::string> frame() {
        const auto head = read(2);
        if (head.size() < 2) return {-1, {}};
        auto length = static_cast<std::size_t>(head[1] & 127);
        if (length >= 126) {
            const auto longer = read(length == 126 ? 2 : 8);
            length = 0;
            for (const char c : longer)
                length = (length << 8) | static_cast<unsigned char>(c);
        }
        return {head[0] & 15, read(length)};
    }

private:
    bool more() {
        char buffer[16 * 1024];
        const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
        if (n > 0) in_.append(buffer, static_cast<std::size_t>(n));
        return n > 0;
    }

    int fd_;
    std::string in_;
};

}  // namespace warren::http
