#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/simulation/breaches.hpp"
#include "tests/simulation/checker.hpp"
#include "tests/simulation/scenario.hpp"

namespace warren::simulation {
namespace {

std::string breaches_of(std::uint64_t seed, bool trace) {
    std::string out;
    try {
        for (const auto& breach : check(run(seed, trace)))
            out += "\n  " + breach;
    } catch (const std::exception& e) {
        out = std::string("\n  exception: ") + e.what();
    }
    return out;
}

}  // namespace

std::vector<Failure> failures_among(std::uint64_t first, std::uint64_t count, std::size_t failures_max,
                                    bool trace) {
    std::atomic<std::uint64_t> next{first};
    std::atomic<std::size_t> failed{0};
    std::mutex mutex;
    std::vector<Failure> failures;
    const auto work = [&] {
        for (auto seed = next++; seed < first + count && failed < failures_max; seed = next++) {
            auto breaches = breaches_of(seed, trace);
            if (breaches.empty()) continue;
            const std::lock_guard lock(mutex);
            ++failed;
            failures.push_back({seed, std::move(breaches)});
        }
    };
    std::thread second(work);
    work();
    second.join();
    std::sort(failures.begin(), failures.end(), [](const auto& a, const auto& b) { return a.seed < b.seed; });
    return failures;
}

}  // namespace warren::simulation
