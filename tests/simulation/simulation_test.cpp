#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "tests/simulation/checker.hpp"
#include "tests/simulation/scenario.hpp"

namespace warren::simulation {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// What went wrong in the world of `seed`; empty if nothing.
std::string breaches_of(std::uint64_t seed, bool trace) {
    std::string out;
    for (const auto& breach : check(run(seed, trace)))
        out += "\n  " + breach;
    return out;
}

TEST(Simulation, EverySeedKeepsTheGuarantees) {
    const auto first = from_environment("WARREN_SIM_FROM", 1);
    const auto count = from_environment("WARREN_SIM_SEEDS", 2'000);
    const bool trace = from_environment("WARREN_SIM_TRACE", 0) != 0;
    log::configure(log::Level::off, log::Format::text);
    std::atomic<std::uint64_t> next{first};
    const auto failures_max = static_cast<int>(from_environment("WARREN_SIM_FAILURES", 5));
    std::atomic<int> failures{0};
    std::mutex mutex;
    const auto work = [&] {
        for (auto seed = next++; seed < first + count && failures < failures_max; seed = next++) {
            const auto breaches = breaches_of(seed, trace);
            if (breaches.empty()) continue;
            const std::lock_guard lock(mutex);
            ++failures;
            ADD_FAILURE() << "seed " << seed << breaches << "\nreplay: WARREN_SIM_FROM=" << seed
                          << " WARREN_SIM_SEEDS=1 WARREN_SIM_TRACE=1 simulation_test";
        }
    };
    std::thread second(work);
    work();
    second.join();
}

}  // namespace
}  // namespace warren::simulation
