#include "http/frame.hpp"

#include <cstring>

#include "http/utf8.hpp"

namespace warren::http {
namespace {

void unmask(std::span<char> bytes, const unsigned char* key, std::uint64_t offset) {
    unsigned char turned[8];
    for (std::size_t i = 0; i < 8; ++i)
        turned[i] = key[(offset + i) % 4];
    std::uint64_t mask;
    std::memcpy(&mask, turned, 8);
    auto* p = bytes.data();
    auto left = bytes.size();
    for (; left >= 8; left -= 8, p += 8) {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        word ^= mask;
        std::memcpy(p, &word, 8);
    }
    for (std::size_t i = 0; i < left; ++i)
        p[i] = static_cast<char>(p[i] ^ static_cast<char>(turned[i]));
}

bool may_be_received(unsigned code) {
    if (code >= 3000 && code <= 4999) return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

Frame make_frame(Opcode opcode, std::string_view head, std::string_view middle, std::string_view tail) {
    const std::uint64_t length = head.size() + middle.size() + tail.size();
    const int length_bytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
    Frame frame;
    frame.header_bytes = static_cast<std::uint8_t>(2 + length_bytes);
    frame.binary = opcode == Opcode::binary;
    frame.bytes.reserve(frame.header_bytes + length);
    frame.bytes += static_cast<char>(0x80 | static_cast<int>(opcode));
    frame.bytes += static_cast<char>(length_bytes == 0 ? length : length_bytes == 2 ? 126 : 127);
    for (int i = length_bytes - 1; i >= 0; --i)
        frame.bytes += static_cast<char>((length >> (8 * i)) & 255);
    frame.bytes.append(head).append(middle).append(tail);
    return frame;
}

Frame text_frame(std::string_view head, std::string_view middle, std::string_view tail) {
    return make_frame(Opcode::text, head, middle, tail);
}
Frame binary_frame(std::string_view payload) {
    return make_frame(Opcode::binary, payload);
}

Frame close_frame(std::uint16_t code, std::string_view reason) {
    const char status[] = {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
    return make_frame(Opcode::close, std::string_view(status, 2), reason.substr(0, 123));
}

std::uint16_t FrameParser::feed(std::span<char> bytes, FrameSink& sink) {
    while (sink.wants_frames() && !bytes.empty()) {
        if (!in_payload_) {
            header_[header_have_++] = static_cast<unsigned char>(bytes.front());
            bytes = bytes.subspan(1);
            if (header_have_ == 2) {
                if (const auto code = check_header()) return code;
            }
            if (header_have_ < 2 || header_have_ < header_bytes()) continue;
            if (const auto code = read_header()) return code;
            in_payload_ = true;
            if (length_ > 0) continue;
        }
        const auto part =
            bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), length_ - done_)));
        bytes = bytes.subspan(part.size());
        if (const auto code = take_payload(part, sink)) return code;
    }
    return 0;
}

std::size_t FrameParser::header_bytes() const {
    const auto length = header_[1] & 127;
    return 6U + (length == 126 ? 2U : length == 127 ? 8U : 0U);
}

std::uint16_t FrameParser::check_header() const {
    const auto code = header_[0] & 15;
    const bool known = code <= 2 || (code >= 8 && code <= 10);
    // No extension was negotiated, so no reserved bit; a client always masks.
    if (!known || (header_[0] & 0x70) != 0 || (header_[1] & 0x80) == 0) return close_code::kProtocolError;
    if (is_control()) return !fin() || (header_[1] & 127) > 125 ? close_code::kProtocolError : 0;
    if ((opcode() == Opcode::continuation) != in_message_) return close_code::kProtocolError;
    return 0;
}

std::uint16_t FrameParser::read_header() {
    const auto length_bytes = header_bytes() - 6;
    length_ = length_bytes == 0 ? header_[1] & 127 : 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        length_ = (length_ << 8) | header_[2 + i];
    if ((length_bytes == 2 && length_ < 126) ||
        (length_bytes == 8 && (length_ < 65536 || length_ >> 63 != 0))) {
        return close_code::kProtocolError;
    }
    done_ = 0;
    if (is_control()) return 0;
    const auto before = pieces_ ? pieces_->message.size() : 0;
    if (length_ > max_ || before + length_ > max_) return close_code::kTooLarge;
    if (opcode() != Opcode::continuation) message_binary_ = opcode() == Opcode::binary;
    return 0;
}

std::uint16_t FrameParser::take_payload(std::span<char> part, FrameSink& sink) {
    unmask(part, header_.data() + header_bytes() - 4, done_);
    const std::string_view text(part.data(), part.size());
    const bool whole = done_ == 0 && part.size() == length_;
    done_ += part.size();
    // The common frame, whole and alone, is passed on where it lies.
    if (whole && (is_control() || (fin() && !in_message_))) return end_frame(text, sink);
    if (!pieces_) pieces_ = std::make_unique<Pieces>();
    auto& store = is_control() ? pieces_->control : pieces_->message;
    store.append(text);
    if (done_ < length_) return 0;
    return end_frame(store, sink);
}

std::uint16_t FrameParser::end_frame(std::string_view payload, FrameSink& sink) {
    header_have_ = 0;
    in_payload_ = false;
    std::uint16_t code = 0;
    if (is_control()) {
        if (opcode() == Opcode::ping) sink.on_frame_ping(payload);
        if (opcode() == Opcode::close) code = end_close(payload, sink);
        if (!in_message_) {
            pieces_.reset();
        } else if (pieces_) {
            pieces_->control = {};
        }
        return code;
    }
    in_message_ = !fin();
    if (in_message_) return 0;
    if (!message_binary_ && !is_utf8(payload)) return close_code::kBadText;
    sink.on_frame_message(message_binary_, payload);
    pieces_.reset();
    return 0;
}

std::uint16_t FrameParser::end_close(std::string_view payload, FrameSink& sink) {
    if (payload.empty()) {
        sink.on_frame_close(1005, {});
        return 0;
    }
    if (payload.size() < 2) return close_code::kProtocolError;
    const auto code = static_cast<std::uint16_t>((static_cast<unsigned char>(payload[0]) << 8) |
                                                 static_cast<unsigned char>(payload[1]));
    if (!may_be_received(code)) return close_code::kProtocolError;
    if (!is_utf8(payload.substr(2))) return close_code::kBadText;
    sink.on_frame_close(code, payload.substr(2));
    return 0;
}

}  // namespace warren::http
