#include "tests/simulation/world.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace warren::simulation {
namespace {

constexpr std::uint64_t kEventsPerMomentMax = 100'000;
constexpr seconds kCalendarStart{1'764'000'000};

}  // namespace

std::uint64_t Random::next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

Span Random::between(Span low, Span high) {
    return low + Span(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((high - low).count()) + 1)));
}

World::World(std::uint64_t seed, bool trace) : random_(seed), trace_(trace) {}

World::~World() {
    shut_down();
}

void World::at(SteadyTime when, Process* process, Action action) {
    events_.push_back({std::max(when, now_), ++order_, process, std::move(action)});
    std::push_heap(events_.begin(), events_.end(), Later{});
}

void World::run_ready() {
    io_.restart();
    io_.poll();
}

void World::run_until(SteadyTime end) {
    std::uint64_t in_this_moment = 0;
    for (run_ready(); !events_.empty() && events_.front().when <= end; run_ready()) {
        std::pop_heap(events_.begin(), events_.end(), Later{});
        auto event = std::move(events_.back());
        events_.pop_back();
        in_this_moment = event.when == now_ ? in_this_moment + 1 : 0;
        if (in_this_moment > kEventsPerMomentMax) throw std::runtime_error("time stands still");
        now_ = event.when;
        if (event.process && event.process->state == Process::State::dead) continue;
        if (event.process && event.process->state == Process::State::paused) {
            event.process->deferred.push_back(std::move(event.action));
            continue;
        }
        event.action();
    }
    now_ = end;
}

void World::resume(Process& process) {
    if (process.state != Process::State::paused) return;
    process.state = Process::State::runs;
    for (auto& action : std::exchange(process.deferred, {}))
        at(now_, &process, std::move(action));
}

void World::kill(Process& process) {
    process.state = Process::State::dead;
    process.deferred.clear();
}

Task<void> World::sleep(Span span, Process* process) {
    auto reply = std::make_shared<Reply<bool>>();
    auto waiting = reply->wait();
    after(span, process, [reply] { reply->set(true); });
    reply.reset();
    co_await std::move(waiting);
}

void World::trace(const std::string& line) const {
    if (!trace_) return;
    const auto since = std::chrono::duration_cast<Span>(now_ - SteadyTime(seconds(1'000'000)));
    std::printf("%11.6f %s\n", static_cast<double>(since.count()) / 1e6, line.c_str());
}

void World::shut_down() {
    // What an event held may, when it goes, post its coroutine's unwinding, or let go of further events.
    while (!events_.empty()) {
        auto events = std::move(events_);
        events_.clear();
        events.clear();
    }
}

WallTime SimClock::wall() const {
    const auto since =
        std::chrono::duration_cast<milliseconds>(world_.now() - SteadyTime(seconds(1'000'000)));
    return WallTime(kCalendarStart + since + skew_);
}

Task<void> SimClock::sleep_until(SteadyTime at) {
    const auto now = world_.now();
    return world_.sleep(std::chrono::duration_cast<Span>(std::max(at, now) - now), &process_);
}

}  // namespace warren::simulation
