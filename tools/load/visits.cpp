#include "load/visits.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace warren::load {
namespace {

constexpr std::chrono::microseconds kTurn{5000};
constexpr std::uint64_t kMemoryPeriodUs = 200'000;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

}  // namespace

Visits::Visits(const RunOptions& run, const VisitOptions& options, std::vector<Person> people)
    : run_(run),
      options_(options),
      people_(std::move(people)),
      swarm_(run.target, people_.size(), *this),
      opener_(swarm_, run,
              [this](std::uint32_t at) { return R"({"token":")" + people_[at].token + R"("})"; }),
      is_in_(people_.size()),
      asked_us_(people_.size()),
      usage_(run.server_pids) {}

Report Visits::connect() {
    Report report("connect");
    const auto empty = usage_.server_bytes();
    for (std::uint32_t i = 0; i < people_.size(); ++i)
        opener_.add(i, 0);
    usage_.start();
    let_all_in(600);
    report.add("connections", people_.size());
    usage_.add_to(report);
    report.add("connected_per_second",
               static_cast<double>(people_.size()) / report.values().at("seconds").to_number<double>());
    report.add(options_.syncs ? "connected_and_synced" : "connected", in_us_);
    turn_for(options_.hold_seconds);
    report.add("server_bytes_before", empty);
    report.add("server_bytes", usage_.server_bytes());
    report.add("server_bytes_each",
               static_cast<double>(usage_.server_bytes() - std::min(empty, usage_.server_bytes())) /
                   static_cast<double>(people_.size()));
    report.add("failures", failures_.as_json());
    return report;
}

Report Visits::storm() {
    auto report = connect();
    report.add("scenario", "storm");
    in_us_ = {};
    server_bytes_max_ = usage_.server_bytes();
    std::mt19937 random{7};
    std::uniform_real_distribution<> jitter(0.5 * options_.jitter_seconds, 1.5 * options_.jitter_seconds);
    const auto cut_at = now_us();
    for (std::uint32_t i = 0; i < people_.size(); ++i) {
        swarm_.cut(i);
        is_in_[i] = false;
        opener_.add(i, cut_at + static_cast<std::uint64_t>(jitter(random) * 1e6));
    }
    in_ = 0;
    usage_.start();
    let_all_in(options_.back_within_seconds);
    usage_.add_to(report);
    report.add("all_back_seconds", static_cast<double>(now_us() - cut_at) / 1e6);
    report.add("back", in_us_);
    report.add("server_bytes_max", server_bytes_max_);
    report.add("failures", failures_.as_json());
    return report;
}

Report Visits::ask() {
    auto report = connect();
    report.add("scenario", "ask");
    report.add("event", options_.event);
    asking_ = true;
    const auto count = std::min(options_.window, people_.size());
    for (std::uint32_t i = 0; i < count; ++i)
        put_question(i);
    turn_for(run_.warmup_seconds);
    answered_us_ = {};
    answer_bytes_ = 0;
    usage_.start();
    turn_for(run_.seconds);
    usage_.add_to(report);
    report.add("window", count);
    report.add("answers_per_second", static_cast<double>(answered_us_.count()) / run_.seconds);
    report.add("answer_bytes_mean",
               static_cast<double>(answer_bytes_) /
                   static_cast<double>(std::max<std::uint64_t>(1, answered_us_.count())));
    report.add("answered", answered_us_);
    report.add("failures", failures_.as_json());
    return report;
}

void Visits::let_all_in(double within_seconds) {
    const auto until = now_us() + static_cast<std::uint64_t>(within_seconds * 1e6);
    auto memory_at = now_us();
    while (in_ < people_.size()) {
        opener_.turn();
        swarm_.turn(kTurn);
        const auto now = now_us();
        if (now > until) {
            throw NotAllIn("only " + std::to_string(in_) + " of " + std::to_string(people_.size()) +
                           " got in: " + json::serialize(failures_.as_json()));
        }
        if (now < memory_at) continue;
        memory_at = now + kMemoryPeriodUs;
        server_bytes_max_ = std::max(server_bytes_max_, usage_.server_bytes());
    }
}

void Visits::turn_for(double seconds) {
    const auto until = now_us() + static_cast<std::uint64_t>(seconds * 1e6);
    while (now_us() < until) {
        opener_.turn();
        swarm_.turn(kTurn);
    }
}

void Visits::joined(std::uint32_t connection) {
    if (!options_.syncs) {
        in(connection);
        return;
    }
    swarm_.send(connection, R"(20["sync",{"channels":{}}])");
}

void Visits::in(std::uint32_t connection) {
    if (is_in_[connection]) return;
    is_in_[connection] = true;
    ++in_;
    in_us_.record(now_us() - opener_.due_us(connection));
}

void Visits::put_question(std::uint32_t connection) {
    const auto& channels = people_[connection].channels;
    asked_us_[connection] = now_us();
    const auto payload = replaced(options_.payload, "$channel", channels.empty() ? "" : channels.front());
    swarm_.send(connection, "21[\"" + options_.event + "\"," + payload + "]");
}

void Visits::on_ack(std::uint32_t connection, std::uint64_t id, std::string_view args) {
    if (!args.starts_with(R"([{"success":true)")) failures_.count(args.substr(0, 200));
    if (id == 0) {
        in(connection);
        return;
    }
    answered_us_.record(swarm_.read_at_us() - asked_us_[connection]);
    answer_bytes_ += args.size();
    // The next one asks, so that everybody's turn comes.
    if (asking_)
        put_question(static_cast<std::uint32_t>((connection + std::min(options_.window, people_.size())) %
                                                people_.size()));
}

void Visits::lost(std::uint32_t connection, std::string_view why) {
    failures_.count(why);
    if (is_in_[connection]) --in_;
    is_in_[connection] = false;
    opener_.add(connection, now_us() + 1'000'000);
}

}  // namespace warren::load
