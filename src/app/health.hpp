#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace warren::app {

/// How one part of the node is. `degraded` serves on, with less; `down` makes the node not ready.
struct Condition {
    enum class State { ok, degraded, down } state = State::ok;
    std::string reason;  ///< For an operator, empty if ok.
};

/// What `/readyz` says: every part of the node with its condition. Thread-safe.
class Health {
public:
    using Probe = std::function<Condition()>;

    /// States a part's condition until it is stated again.
    void set(const std::string& part, Condition condition);
    /// Asks `probe` (thread-safe, quick) whenever somebody wants to know. Replaces what was stated.
    void watch(const std::string& part, Probe probe);

    std::map<std::string, Condition> ask() const;
    /// No part is down.
    bool is_ready() const;
    /// `{"ready":...,"parts":{NAME:{"state":...,"reason":...}}}`
    std::string as_json() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, Probe> probes_;
};

}  // namespace warren::app
