#pragma once
#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "load/histogram.hpp"

namespace warren::load {

namespace json = boost::json;

/// What a run measured, in the order of adding: printed for people, and one JSON object for programs.
class Report {
public:
    explicit Report(std::string_view scenario) { values_["scenario"] = scenario; }

    template <class T>
    void add(std::string_view key, T value) {
        values_[key] = value;
    }
    void add(std::string_view key, double value);
    /// `key` becomes an object of counts and of milliseconds.
    void add(std::string_view key, const Histogram& microseconds);

    void print() const;
    /// Throws std::runtime_error where the file cannot be written.
    void write(const std::string& file) const;
    const json::object& values() const { return values_; }

private:
    json::object values_;
};

/// What this process and those of the server use. Other processes' times are the kernel's, of 10 ms steps.
class Usage {
public:
    explicit Usage(std::vector<int> server_pids) : pids_(std::move(server_pids)) { start(); }
    /// The measured span begins.
    void start();
    /// Adds `seconds`, `generator_cpu_percent` and, of the processes given, `server_cpu_percent` and
    /// `server_cpu_seconds`, since `start`, the latter also of each by itself. A process that is not there
    /// counts nothing.
    void add_to(Report& report) const;
    /// Resident bytes of the server's processes together; 0 without any.
    std::uint64_t server_bytes() const;

private:
    std::vector<int> pids_;
    std::uint64_t began_us_ = 0;
    double own_ = 0;
    std::vector<double> servers_;
};

}  // namespace warren::load
