// Rooms on the bare library: whoever connects with `{"room":NAME}` hears every `say` of that room. The peer
// of bench/peers/socketio_fanout.mjs; one shard, since rooms are kept without locks and one core is measured.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <unordered_map>

#include "http/server.hpp"
#include "socketio/server.hpp"

using namespace warren;

namespace {

using Room = std::vector<std::shared_ptr<socketio::Connection>>;

struct Rooms : socketio::Application {
    Task<socketio::Admission> admit(std::shared_ptr<socketio::Connection> connection) override {
        const auto& auth = connection->auth().as_object();
        const auto* name = auth.if_contains("room");
        if (!name || !name->is_string()) co_return socketio::Refuse{"Say which room"};
        auto& room = rooms[std::string(name->get_string())];
        if (!room) room = std::make_shared<Room>();
        co_return socketio::Accept{room};
    }
    void connected(std::shared_ptr<socketio::Connection> connection) override {
        connection->forget_auth();
        room_of(*connection).push_back(connection);
    }
    void on_event(std::shared_ptr<socketio::Connection> connection, socketio::Event event) override {
        if (event.name != "say") return;
        const auto packet = socketio::encode_event("/", "say", socketio::arguments_json(event.args));
        for (const auto& member : room_of(*connection))
            member->send(packet);
    }
    void disconnected(std::shared_ptr<socketio::Connection> connection, std::string_view) override {
        auto& room = room_of(*connection);
        room.erase(std::find(room.begin(), room.end(), connection));
    }
    static Room& room_of(socketio::Connection& connection) {
        return *static_cast<Room*>(connection.context().get());
    }

    std::unordered_map<std::string, std::shared_ptr<Room>> rooms;
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A bare Socket.IO server with rooms, for measuring."};
    http::ServerOptions http;
    http.shards = 1;
    app.add_option("--port", http.port, "Port; 0 takes a free one, which is printed");
    CLI11_PARSE(app, argc, argv);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    http::Server server(http);
    socketio::Server io(server, {});
    io.serve("/", std::make_shared<Rooms>());
    if (const auto started = server.start(); !started) {
        std::cerr << "warren-fanout: " << started.error().message << "\n";
        return 1;
    }
    std::cout << "Listening on http://127.0.0.1:" << server.port() << std::endl;
    int signal = 0;
    sigwait(&signals, &signal);
}
