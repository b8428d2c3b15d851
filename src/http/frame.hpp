#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/web_socket.hpp"

namespace warren::http {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Status codes of RFC 6455 7.4.1 that we send.
namespace close_code {
constexpr std::uint16_t kNormal = 1000, kGoingAway = 1001, kProtocolError = 1002, kBadText = 1007,
                        kTooLarge = 1009, kInternal = 1011;
}

/// One unfragmented, unmasked frame.
Frame make_frame(Opcode opcode, std::string_view head, std::string_view middle = {},
                 std::string_view tail = {});
Frame close_frame(std::uint16_t code, std::string_view reason);

/// What a client's stream of frames says. Views are valid during the call.
class FrameSink {
public:
    virtual void on_frame_message(bool binary, std::string_view payload) = 0;
    virtual void on_frame_ping(std::string_view payload) = 0;
    /// `code` is 1005 when the frame had none.
    virtual void on_frame_close(std::uint16_t code, std::string_view reason) = 0;
    /// Whether to go on; asked after each frame.
    virtual bool wants_frames() const = 0;

protected:
    ~FrameSink() = default;
};

/// Reads what a client sends after the handshake, in pieces of any size: unmasks in place, joins fragments,
/// checks everything that RFC 6455 5 asks of a client. Holds memory only within a message that came in
/// pieces.
class FrameParser {
public:
    explicit FrameParser(std::size_t message_bytes_max) : max_(message_bytes_max) {}

    /// Takes all of `bytes` (and scribbles over them). Returns 0, or the close code of a violation, after
    /// which it is not called again.
    std::uint16_t feed(std::span<char> bytes, FrameSink& sink);

private:
    struct Pieces {
        std::string message, control;
    };

    std::size_t header_bytes() const;
    std::uint16_t read_header();
    std::uint16_t check_header() const;
    std::uint16_t take_payload(std::span<char> part, FrameSink& sink);
    std::uint16_t end_frame(std::string_view payload, FrameSink& sink);
    std::uint16_t end_close(std::string_view payload, FrameSink& sink);
    Opcode opcode() const { return static_cast<Opcode>(header_[0] & 15); }
    bool fin() const { return (header_[0] & 0x80) != 0; }
    bool is_control() const { return (header_[0] & 8) != 0; }

    std::size_t max_;
    std::array<unsigned char, 14> header_{};
    std::uint8_t header_have_ = 0;
    bool in_payload_ = false;
    bool in_message_ = false;  ///< A data frame without FIN came; continuations must follow.
    bool message_binary_ = false;
    std::uint64_t length_ = 0, done_ = 0;
    std::unique_ptr<Pieces> pieces_;  ///< Null where nothing came in pieces.
};

}  // namespace warren::http
