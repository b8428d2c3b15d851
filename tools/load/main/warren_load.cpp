// The command line of the load generator: one subcommand a scenario. docs/benchmarks.md says how it is used.
#include <CLI/CLI.hpp>
#include <iostream>

#include "load/people.hpp"
#include "load/talk.hpp"
#include "load/visits.hpp"

using namespace warren::load;

namespace {

struct Arguments {
    RunOptions run;
    TalkOptions talk;
    VisitOptions visit;
    PrepareOptions prepare;
    std::string people_file = "people.jsonl", json_file;
    std::size_t connections = 0, room_size = 1000, payload_bytes = 100, message_bytes = 200;
    bool no_sync = false;
};

void add_run_options(CLI::App& to, Arguments& a) {
    to.add_option("--host", a.run.target.host, "IPv4 address of the server");
    to.add_option("--port", a.run.target.ports,
                  "Its port; may be repeated: connections are dealt out to several nodes")
        ->required();
    to.add_option("--path", a.run.target.path, "Where Socket.IO is");
    to.add_option("--sources", a.run.target.sources,
                  "How many loopback addresses to connect from (28 000 ports each)");
    to.add_option_function<std::uint32_t>(
        "--spin", [&a](std::uint32_t us) { a.run.target.spin = std::chrono::microseconds(us); },
        "Microseconds to look for what comes before sleeping, not counted as CPU; for a core of its own");
    to.add_option("--server-pid", a.run.server_pids, "Report this process's CPU and memory; may be repeated");
    to.add_option("--opening-max", a.run.opening_max, "Connections on their way in at once");
    to.add_option("--opening-rate", a.run.opening_rate,
                  "Connections begun a second; 0: as fast as they come in");
    to.add_option("--connections", a.connections, "How many; 0: everybody in the file");
    to.add_option("--json", a.json_file, "Write the report there, as one JSON object");
}

void add_spans(CLI::App& to, Arguments& a) {
    to.add_option("--warmup", a.run.warmup_seconds, "Seconds before measuring");
    to.add_option("--seconds", a.run.seconds, "Seconds of measuring");
}

void add_talk_options(CLI::App& to, Arguments& a) {
    add_spans(to, a);
    to.add_option("--rate", a.talk.rate, "Messages a second, sent whether or not answers come (open loop)");
    to.add_option("--window", a.talk.window,
                  "Without a rate: messages on their way at once; 0: one for each conversation");
    to.add_option("--slow", a.talk.slow_percent, "Per cent of the connections that never read");
    to.add_option("--hostile", a.talk.hostile_percent,
                  "Per cent of the connections that send garbage, again and again");
    to.add_option("--churn", a.talk.churn, "Connections cut and opened again a second");
}

void add_people(CLI::App& to, Arguments& a) {
    to.add_option("--people", a.people_file, "What `prepare` wrote");
    to.add_flag("--no-sync", a.no_sync, "Do not call sync when connected");
}

CLI::App* add_prepare(CLI::App& app, PrepareOptions& p) {
    auto* command = app.add_subcommand(
        "prepare",
        "Make people with sessions, channels and histories in a node's stores, while no node runs");
    command->add_option("--config", p.config_file, "The node's configuration file");
    command->add_option("--data-dir", p.data_dir, "The node's data folder");
    command->add_option("--people", p.people, "How many people");
    command->add_option("--group-size", p.group_size, "Members of each group");
    command->add_option("--groups", p.groups_each, "Groups of each person");
    command->add_option("--pairs", p.pairs_each, "One-to-one chats of each person");
    command->add_option("--history", p.history, "Messages in each channel");
    command->add_option("--message-bytes", p.message_bytes, "Their size");
    command->add_option("--out", p.out, "Where the people and their tokens go");
    return command;
}

std::vector<Person> people_of(const Arguments& a) {
    return read_people(a.people_file, a.connections);
}

int finish(const Report& report, const Arguments& a) {
    report.print();
    if (!a.json_file.empty()) report.write(a.json_file);
    const auto wrong = [&](std::string_view key) {
        const auto* value = report.values().if_contains(key);
        return value && value->to_number<std::int64_t>() != 0;
    };
    if (!wrong("missing") && !wrong("gaps") && !wrong("repeats")) return 0;
    std::cerr << "warren-load: the server lost, repeated or disordered deliveries\n";
    return 3;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Loads a Socket.IO server and checks every delivery. Each command's --help says more."};
    app.require_subcommand(1);
    Arguments a;
    auto* prepare_command = add_prepare(app, a.prepare);
    auto* fanout = app.add_subcommand(
        "fanout", "Rooms on a bare Socket.IO server (warren-fanout, bench/peers): event `say` to a room");
    auto* chat = app.add_subcommand("chat", "message:new in everybody's channels on Warren");
    auto* connect =
        app.add_subcommand("connect", "Connect people, sync, stay idle: rate, latency, memory for each");
    auto* storm =
        app.add_subcommand("storm", "Connect people, cut all off at once, and wait until all are back");
    auto* ask = app.add_subcommand("ask", "One question again and again, so many at once");
    for (auto* command : {fanout, chat, connect, storm, ask})
        add_run_options(*command, a);
    add_talk_options(*fanout, a);
    add_talk_options(*chat, a);
    add_spans(*ask, a);
    for (auto* command : {chat, connect, storm, ask})
        add_people(*command, a);
    fanout->add_option("--room-size", a.room_size, "Connections in each room");
    fanout->add_option("--payload", a.payload_bytes, "Bytes of each message");
    chat->add_option("--payload", a.message_bytes, "Bytes of each message's text");
    connect->add_option("--hold", a.visit.hold_seconds, "Seconds to stay before memory is read");
    storm->add_option("--jitter", a.visit.jitter_seconds, "Seconds: a client returns after 0.5 to 1.5 of it");
    storm->add_option("--within", a.visit.back_within_seconds, "Seconds to be back in; longer is a failure");
    ask->add_option("--event", a.visit.event, "The event");
    ask->add_option("--data", a.visit.payload, "Its JSON; $channel is the person's first channel");
    ask->add_option("--window", a.visit.window, "Questions on their way at once");
    CLI11_PARSE(app, argc, argv);
    a.visit.syncs = !a.no_sync;
    try {
        if (*prepare_command) {
            prepare(a.prepare);
            return 0;
        }
        if (*fanout) {
            if (a.connections == 0) a.connections = 1000;
            const RoomDialect dialect(a.connections, a.room_size, a.payload_bytes);
            return finish(Talk(a.run, a.talk, dialect, a.connections).run("fanout"), a);
        }
        auto people = people_of(a);
        const auto count = people.size();
        if (*chat) {
            const ChatDialect dialect(std::move(people), a.message_bytes, !a.no_sync);
            return finish(Talk(a.run, a.talk, dialect, count).run("chat"), a);
        }
        Visits visits(a.run, a.visit, std::move(people));
        return finish(*connect ? visits.connect() : *storm ? visits.storm() : visits.ask(), a);
    } catch (const std::exception& failure) {
        std::cerr << "warren-load: " << failure.what() << "\n";
        return dynamic_cast<const NotAllIn*>(&failure) ? 4 : 1;
    }
}
