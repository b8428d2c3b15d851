#pragma once
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "load/report.hpp"
#include "load/swarm.hpp"

namespace warren::load {

/// What every scenario is told.
struct RunOptions {
    Target target;
    std::vector<int> server_pids;   ///< Whose CPU and memory to report.
    std::size_t opening_max = 200;  ///< Connections on their way in at once.
    double opening_rate = 0;        ///< Connections begun a second; 0: as fast as they come in.
    double warmup_seconds = 1;
    double seconds = 5;
};

/// Not everybody came in, so nothing was measured.
struct NotAllIn : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Begins connections when they are due, at a bounded rate and so many at once. The swarm outlives it.
class Opener {
public:
    using Auth = std::function<std::string(std::uint32_t)>;
    Opener(Swarm& swarm, const RunOptions& options, Auth auth)
        : swarm_(swarm), options_(options), auth_(std::move(auth)) {}

    /// Due at `at_us`; 0: as soon as others are in.
    void add(std::uint32_t connection, std::uint64_t at_us) { waiting_.emplace(at_us, connection); }
    bool is_done() const { return waiting_.empty() && swarm_.joining_count() == 0; }
    /// Begins what is due and allowed now.
    void turn();
    /// When the connection was due: joining it is measured from there.
    std::uint64_t due_us(std::uint32_t connection) const { return due_us_.at(connection); }

private:
    Swarm& swarm_;
    const RunOptions& options_;
    Auth auth_;
    std::multimap<std::uint64_t, std::uint32_t> waiting_;
    std::map<std::uint32_t, std::uint64_t> due_us_;
    std::uint64_t next_us_ = 0;
};

/// Why connections or calls failed, and how often.
class Failures {
public:
    void count(std::string_view why) { ++counts_[std::string(why)]; }
    std::uint64_t total() const;
    json::object as_json() const;

private:
    std::map<std::string, std::uint64_t> counts_;
};

}  // namespace warren::load
