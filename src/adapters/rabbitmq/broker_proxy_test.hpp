#pragma once
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace warren::testing {

/// Stands between a client and a server on loopback, to cut their connections or to let them fall silent.
/// Thread-safe.
class BrokerProxy {
public:
    explicit BrokerProxy(std::uint16_t to) : to_(to) {
        accept();
        loop_ = std::thread([this] { io_.run(); });
    }
    ~BrokerProxy() {
        work_.reset();
        io_.stop();
        loop_.join();
    }
    std::uint16_t port() const { return port_; }
    std::string url() const { return "amqp://guest:guest@127.0.0.1:" + std::to_string(port_); }

    /// Closes every connection, and new ones as soon as they are made until `let_through`.
    void cut() {
        run([this] {
            refusing_ = true;
            close_all();
        });
    }
    /// Closes every connection; new ones are served.
    void cut_once() {
        run([this] { close_all(); });
    }
    void let_through() {
        run([this] { refusing_ = false; });
    }
    /// Nothing passes any more on the present connections, though they stay open.
    void silence() {
        run([this] {
            for (auto& weak : pairs_)
                if (auto pair = weak.lock()) pair->silent = true;
        });
    }
    std::size_t accepted() {
        std::size_t count = 0;
        run([&] { count = accepted_; });
        return count;
    }

private:
    using Tcp = boost::asio::ip::tcp;
    struct Pair {
        explicit Pair(boost::asio::io_context& io) : client(io), server(io) {}
        Tcp::socket client, server;
        std::array<char, 65536> up{}, down{};
        bool silent = false;
    };

    template <class F>
    void run(F f) {
        std::promise<void> done;
        boost::asio::post(io_, [&] {
            f();
            done.set_value();
        });
        done.get_future().wait();
    }
    void close_all() {
        for (auto& weak : pairs_) {
            if (auto pair = weak.lock()) close(*pair);
        }
        pairs_.clear();
    }
    static void close(Pair& pair) {
        boost::system::error_code ignored;
        pair.client.close(ignored);
        pair.server.close(ignored);
    }
    void accept() {
        auto pair = std::make_shared<Pair>(io_);
        acceptor_.async_accept(pair->client, [this, pair](boost::system::error_code failure) {
            if (failure) return;
            ++accepted_;
            if (!refusing_) connect(pair);
            accept();
        });
    }
    void connect(const std::shared_ptr<Pair>& pair) {
        pairs_.push_back(pair);
        const Tcp::endpoint target(boost::asio::ip::address_v4::loopback(), to_);
        pair->server.async_connect(target, [pair](boost::system::error_code failure) {
            if (failure) return close(*pair);
            pump(pair, pair->client, pair->server, pair->up);
            pump(pair, pair->server, pair->client, pair->down);
        });
    }
    static void pump(std::shared_ptr<Pair> pair, Tcp::socket& from, Tcp::socket& to,
                     std::array<char, 65536>& buffer) {
        auto got = [pair, &from, &to, &buffer](boost::system::error_code failure, std::size_t size) {
            if (failure) return close(*pair);
            if (pair->silent) return keep(pair, from);
            auto written = [pair, &from, &to, &buffer](boost::system::error_code lost, std::size_t) {
                if (lost) return close(*pair);
                pump(pair, from, to, buffer);
            };
            boost::asio::async_write(to, boost::asio::buffer(buffer.data(), size), written);
        };
        from.async_read_some(boost::asio::buffer(buffer), got);
    }
    /// Holds a silent pair until it is closed.
    static void keep(const std::shared_ptr<Pair>& pair, Tcp::socket& from) {
        from.async_wait(Tcp::socket::wait_error, [pair](boost::system::error_code) {});
    }

    const std::uint16_t to_;
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
        boost::asio::make_work_guard(io_);
    Tcp::acceptor acceptor_{io_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
    const std::uint16_t port_ = acceptor_.local_endpoint().port();
    std::vector<std::weak_ptr<Pair>> pairs_;
    bool refusing_ = false;
    std::size_t accepted_ = 0;
    std::thread loop_;
};

}  // namespace warren::testing
