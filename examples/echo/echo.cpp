// The library's manual in one file: an Engine.IO echo at /engine.io/ and a Socket.IO one at /socket.io/.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "engineio/server.hpp"
#include "http/server.hpp"
#include "socketio/server.hpp"

using namespace warren;

/// Engine.IO alone: messages without names. Text comes back as text, binary as binary.
struct EngineEcho : engineio::SessionListener {
    void on_message(engineio::Session& session, bool binary, std::string_view data) override {
        binary ? session.send_binary(data) : session.send_text(data);
    }
    void on_closed(engineio::Session&, std::string_view) override {}
};

/// Socket.IO: an application decides who may connect, and what to do with events.
struct SocketEcho : socketio::Application {
    Task<socketio::Admission> admit(std::shared_ptr<socketio::Connection>) override {
        co_return socketio::Accept{};  // Or look up a token first: this may take its time.
    }
    void connected(std::shared_ptr<socketio::Connection> connection) override {
        connection->emit("auth", {connection->auth()});
    }
    void on_event(std::shared_ptr<socketio::Connection> connection, socketio::Event event) override {
        if (event.name == "message") {
            connection->emit("message-back", event.args, std::move(event.attachments));
        } else if (event.name == "message-with-ack") {
            event.ack(event.args, std::move(event.attachments));
        } else if (event.name == "ask-me") {
            spawn(connection->shard().executor(), "ask", ask(connection, std::move(event.args)));
        } else if (event.name == "disconnect-me") {
            connection->disconnect();  // The client stays away...
        } else if (event.name == "close-transport-me") {
            connection->close_transport();  // ...and here it comes back by itself.
        }
    }
    static Task<void> ask(std::shared_ptr<socketio::Connection> connection, boost::json::array args) {
        auto asking = connection->emit_with_ack("question", std::move(args), std::chrono::milliseconds{500});
        auto answer = co_await std::move(asking);
        if (answer) {
            connection->emit("answer", answer->args, std::move(answer->attachments));
        } else {
            connection->emit("answer-timeout", {});
        }
    }
    void disconnected(std::shared_ptr<socketio::Connection>, std::string_view) override {}
};

int main(int argc, char** argv) {
    CLI::App app{"Echoes Engine.IO messages at /engine.io/ and Socket.IO events at /socket.io/."};
    http::ServerOptions http;
    engineio::Options engine;
    std::int64_t ping_interval = 25'000, ping_timeout = 20'000, connect_timeout = 45'000;
    app.add_option("--host", http.address, "Address to listen on");
    app.add_option("--port", http.port, "Port; 0 takes a free one, which is printed");
    app.add_option("--ping-interval", ping_interval, "Milliseconds between heartbeats");
    app.add_option("--ping-timeout", ping_timeout, "Milliseconds a client has to answer one");
    app.add_option("--max-payload", engine.max_payload, "Bytes a client may send in one message");
    app.add_option("--connect-timeout", connect_timeout, "Milliseconds a client has to join a namespace");
    app.add_option("--shards", http.shards, "Threads with their own connections; 0: one per core");
    app.add_option("--cors", engine.cors_origin, "Origin that browsers may call from, or *");
    CLI11_PARSE(app, argc, argv);
    engine.ping_interval = std::chrono::milliseconds(ping_interval);
    engine.ping_timeout = std::chrono::milliseconds(ping_timeout);

    sigset_t signals;  // Blocked before the shards' threads start, so that only sigwait sees them.
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    http::Server server(http);
    engineio::Server raw(server, engine, [](auto) { return std::make_shared<EngineEcho>(); });

    socketio::Options options;
    options.engine = engine;
    options.engine.path = "/socket.io/";
    options.connect_timeout = std::chrono::milliseconds(connect_timeout);
    options.client_bundles = socketio::find_client_bundles();
    socketio::Server io(server, options);
    const auto echo = std::make_shared<SocketEcho>();
    io.serve("/", echo);
    io.serve("/custom", echo);

    if (const auto started = server.start(); !started) {
        std::cerr << "warren-echo: " << started.error().message << "\n";
        return 1;
    }
    std::cout << "Listening on http://" << http.address << ":" << server.port() << std::endl;

    int signal = 0;
    sigwait(&signals, &signal);
    server.drain(std::chrono::milliseconds{500});
}
