#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "http/message.hpp"
#include "http/server.hpp"
#include "http/web_socket_impl.hpp"

namespace warren::http {

/// What a connection asks of its server.
class ConnectionHost : public ConnectionCounter {
public:
    virtual const ServerOptions& options() const = 0;
    virtual const Route* find_route(std::string_view path) const = 0;
    virtual bool draining() const = 0;
    virtual void answered(unsigned status) = 0;
    /// Goes on with `request` (already read, with what was read behind it) on another shard.
    struct HandOver {
        int fd;
        asio::ip::tcp protocol;
        asio::ip::address remote;
        Request request;
        bool keep_alive;
        std::string leftover;
    };
    virtual void hand_over(std::size_t shard, HandOver what) = 0;
    /// Where the connections of a shard are listed: the idle ones are closed when draining begins.
    virtual std::unordered_set<class HttpConnection*>& connections_of(std::size_t shard) = 0;

protected:
    ~ConnectionHost() = default;
};

/// One TCP connection while it speaks HTTP: a coroutine that reads a request, has it answered, writes the
/// answer. A WebSocket or another shard may take its socket over.
class HttpConnection final : public Exchange, public std::enable_shared_from_this<HttpConnection> {
public:
    HttpConnection(ConnectionHost& host, Shard& shard, Socket socket, asio::ip::address remote);
    ~HttpConnection() override;

    void start();
    /// Continues on this shard what another had begun to read.
    void start(ConnectionHost::HandOver from);
    Shard& shard() { return shard_; }
    /// Draining began: closes unless a request is being answered.
    void close_if_idle();
    void close();

    void when_gone(std::function<void()> gone) override;

private:
    struct Incoming {
        Request request;
        bool keep_alive = false;
    };
    enum class Next { keep, close, taken };
    /// Nothing: closed or refused.
    using Read = std::optional<Incoming>;

    static Task<void> run(std::shared_ptr<HttpConnection> self, std::optional<Incoming> first);
    Task<Read> read_request();
    template <class Parser>
    Task<unsigned> read_header(Parser& parser);
    template <class Parser>
    Task<unsigned> read_body(Parser& parser, const Route* route);
    template <class Parser>
    unsigned feed(Parser& parser, bool& more);
    Task<bool> read_more();
    Task<Next> answer(Incoming incoming);
    Task<Response> handle(const Route* route, Request request);
    Next upgrade(const Route& route, Incoming& incoming, Response& refusal);
    Task<void> refuse(unsigned status);
    Task<bool> write_response(Response response, bool head_only, bool keep_alive);
    Task<bool> write_file(FileBody file);
    Task<bool> write_all(std::string_view head, std::string_view body);
    Task<void> linger();
    void watch();
    void end_watch();
    void on_timeout();

    ConnectionHost& host_;
    std::unordered_set<HttpConnection*>& listed_;
    Shard& shard_;
    Socket socket_;
    asio::ip::address remote_;
    std::string in_;  ///< Read, not parsed yet.
    Timer timer_;
    std::function<void()> gone_;
    unsigned watch_ = 0;  ///< Counts watches, so that a late completion is known as such.
    bool watching_ = false, peer_gone_ = false, counted_ = true;
    bool fresh_ = true, idle_ = true, timed_out_ = false;
};

}  // namespace warren::http
