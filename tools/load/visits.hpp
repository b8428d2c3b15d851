#pragma once
#include <string>
#include <vector>

#include "load/crowd.hpp"
#include "load/people.hpp"

namespace warren::load {

struct VisitOptions {
    bool syncs = true;          ///< A connection counts as in once its first `sync` is answered.
    double hold_seconds = 0;    ///< connect: how long all stay, idle, before memory is read.
    double jitter_seconds = 1;  ///< storm: a stock client returns after 0.5 to 1.5 of this.
    double back_within_seconds = 60;
    std::string event = "channels:list";  ///< ask: `$channel` in the payload is the person's first channel.
    std::string payload = "{\"limit\":50}";
    std::size_t window = 1;  ///< ask: questions on their way at once, each of another connection.
};

/// People who come, stay, are cut off and return, or ask one thing again and again.
class Visits final : private SwarmListener {
public:
    Visits(const RunOptions& run, const VisitOptions& options, std::vector<Person> people);
    /// From the connection being due to its `sync` answered; and what the server holds for each idle person.
    Report connect();
    /// Everybody is cut off at once and returns by itself.
    Report storm();
    /// From the question to its answer, so many at once.
    Report ask();

private:
    void joined(std::uint32_t connection) override;
    void on_event(std::uint32_t, std::string_view) override {}
    void on_ack(std::uint32_t connection, std::uint64_t id, std::string_view args) override;
    void lost(std::uint32_t connection, std::string_view why) override;

    void in(std::uint32_t connection);
    void let_all_in(double within_seconds);
    void turn_for(double seconds);
    void put_question(std::uint32_t connection);

    const RunOptions& run_;
    const VisitOptions& options_;
    std::vector<Person> people_;
    Swarm swarm_;
    Opener opener_;
    std::vector<bool> is_in_;
    std::vector<std::uint64_t> asked_us_;
    std::size_t in_ = 0;
    std::uint64_t server_bytes_max_ = 0;
    bool asking_ = false;
    Usage usage_;
    Histogram in_us_, answered_us_;
    std::uint64_t answer_bytes_ = 0;
    Failures failures_;
};

}  // namespace warren::load
