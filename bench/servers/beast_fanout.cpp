// The same rooms as warren_fanout.cpp on plain Boost.Beast, as its own chat example writes it: each message
// is a shared string, queued to each member, one asynchronous write a frame. It answers just enough of
// Engine.IO and Socket.IO for the load generator; pings are left out, so connections stay for the length of a
// measurement only.
#include <CLI/CLI.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <iostream>
#include <unordered_map>
#include <unordered_set>

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

namespace {

class Session;
using Text = std::shared_ptr<const std::string>;
std::unordered_map<std::string, std::unordered_set<Session*>> rooms;

class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}
    ~Session() {
        if (room_) room_->erase(this);
    }
    void run() {
        socket_.async_accept([self = shared_from_this()](beast::error_code failure) {
            if (failure) return;
            self->socket_.text(true);
            self->send(std::make_shared<const std::string>(
                R"(0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})"));
            self->read();
        });
    }
    void send(Text text) {
        queue_.push_back(std::move(text));
        if (queue_.size() == 1) write();
    }

private:
    void read() {
        socket_.async_read(buffer_, [self = shared_from_this()](beast::error_code failure, std::size_t) {
            if (failure) return;
            self->on_message(beast::buffers_to_string(self->buffer_.data()));
            self->buffer_.consume(self->buffer_.size());
            self->read();
        });
    }
    void on_message(const std::string& text) {
        if (text.starts_with("40")) {
            room_ = &rooms[text];
            room_->insert(this);
            send(std::make_shared<const std::string>(R"(40{"sid":"x"})"));
        } else if (text.starts_with("42") && room_) {
            const auto shared = std::make_shared<const std::string>(text);
            for (auto* member : *room_)
                member->send(shared);
        }
    }
    void write() {
        socket_.async_write(asio::buffer(*queue_.front()),
                            [self = shared_from_this()](beast::error_code failure, std::size_t) {
                                if (failure) return;
                                self->queue_.pop_front();
                                if (!self->queue_.empty()) self->write();
                            });
    }

    beast::websocket::stream<tcp::socket> socket_;
    beast::flat_buffer buffer_;
    std::deque<Text> queue_;
    std::unordered_set<Session*>* room_ = nullptr;
};

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](beast::error_code failure, tcp::socket socket) {
        if (failure == asio::error::operation_aborted) return;
        if (!failure) {
            socket.set_option(tcp::no_delay(true));
            std::make_shared<Session>(std::move(socket))->run();
        }
        accept(acceptor);
    });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A plain WebSocket broadcast on Boost.Beast, for measuring."};
    std::uint16_t port = 0;
    app.add_option("--port", port, "Port; 0 takes a free one, which is printed");
    CLI11_PARSE(app, argc, argv);
    asio::io_context io(1);
    tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), port});
    acceptor.listen(4096);
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { io.stop(); });
    accept(acceptor);
    std::cout << "Listening on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
    io.run();
    std::_Exit(0);
}
