#include "app/health.hpp"

#include <boost/json.hpp>

namespace warren::app {
namespace {

std::string_view name_of(Condition::State state) {
    switch (state) {
        case Condition::State::ok:
            return "ok";
        case Condition::State::degraded:
            return "degraded";
        case Condition::State::down:
            return "down";
    }
    return "down";
}

bool all_up(const std::map<std::string, Condition>& parts) {
    for (const auto& [part, condition] : parts) {
        if (condition.state == Condition::State::down) return false;
    }
    return true;
}

}  // namespace

void Health::set(const std::string& part, Condition condition) {
    watch(part, [condition = std::move(condition)] { return condition; });
}

void Health::watch(const std::string& part, Probe probe) {
    const std::lock_guard lock(mutex_);
    probes_[part] = std::move(probe);
}

std::map<std::string, Condition> Health::ask() const {
    // Asked outside of the lock: a probe may take a lock of its own.
    const auto probes = [this] {
        const std::lock_guard lock(mutex_);
        return probes_;
    }();
    std::map<std::string, Condition> out;
    for (const auto& [part, probe] : probes)
        out[part] = probe();
    return out;
}

bool Health::is_ready() const {
    return all_up(ask());
}

std::string Health::as_json() const {
    const auto parts = ask();
    boost::json::object shown;
    for (const auto& [part, condition] : parts) {
        boost::json::object one{{"state", name_of(condition.state)}};
        if (!condition.reason.empty()) one["reason"] = condition.reason;
        shown[part] = std::move(one);
    }
    const boost::json::object out{{"ready", all_up(parts)}, {"parts", std::move(shown)}};
    return boost::json::serialize(out) + "\n";
}

}  // namespace warren::app
