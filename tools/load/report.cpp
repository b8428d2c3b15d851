#include "load/report.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "load/swarm.hpp"

namespace warren::load {
namespace {

double rounded(double value) {
    return std::round(value * 1000) / 1000;
}

/// Without what went into looking for something to do.
double own_cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime) - std::chrono::duration<double>(spun()).count();
}

/// User and system time. @see proc(5), /proc/[pid]/stat
double cpu_seconds_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto name_end = line.rfind(')');
    if (name_end == line.npos) return 0;
    std::istringstream rest(line.substr(name_end + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        rest >> skipped;
    double user = 0, system = 0;
    rest >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t resident_bytes_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string text_of(const json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_double()) {
        char text[32];
        std::snprintf(text, sizeof text, "%.10g", value.get_double());
        return text;
    }
    if (!value.is_object()) return json::serialize(value);
    std::string out;
    for (const auto& [key, inner] : value.get_object())
        out.append(out.empty() ? "" : "  ").append(key).append(" ").append(text_of(inner));
    return out;
}

json::value number_of(double value) {
    // 120000.0 reads worse than 120000, in JSON as in print.
    if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
    return value;
}

}  // namespace

void Report::add(std::string_view key, double value) {
    values_[key] = number_of(rounded(value));
}

void Report::add(std::string_view key, const Histogram& microseconds) {
    const auto ms = [](double us) { return number_of(rounded(us / 1000)); };
    json::object out{{"count", microseconds.count()}, {"mean_ms", ms(microseconds.mean())}};
    for (const auto& [name, percent] :
         {std::pair{"p50_ms", 50.0}, {"p90_ms", 90.0}, {"p99_ms", 99.0}, {"p999_ms", 99.9}})
        out[name] = ms(static_cast<double>(microseconds.percentile(percent)));
    out["max_ms"] = ms(static_cast<double>(microseconds.max()));
    values_[key] = std::move(out);
}

void Report::print() const {
    for (const auto& [key, value] : values_) {
        std::string name(key);
        for (auto& c : name)
            if (c == '_') c = ' ';
        name.resize(std::max<std::size_t>(26, name.size()), ' ');
        std::cout << name << " " << text_of(value) << "\n";
    }
    std::cout << std::flush;
}

void Report::write(const std::string& file) const {
    std::ofstream out(file);
    out << json::serialize(values_) << "\n";
    if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

void Usage::start() {
    began_us_ = now_us();
    own_ = own_cpu_seconds();
    servers_.clear();
    for (const int pid : pids_)
        servers_.push_back(cpu_seconds_of(pid));
}

void Usage::add_to(Report& report) const {
    const auto seconds = static_cast<double>(now_us() - began_us_) / 1e6;
    report.add("seconds", seconds);
    report.add("generator_cpu_percent", (own_cpu_seconds() - own_) / seconds * 100);
    if (pids_.empty()) return;
    json::array each;
    double used = 0;
    for (std::size_t i = 0; i < pids_.size(); ++i) {
        const auto of_this = cpu_seconds_of(pids_[i]) - servers_[i];
        each.push_back(rounded(of_this));
        used += of_this;
    }
    report.add("server_cpu_seconds_each", std::move(each));
    report.add("server_cpu_seconds", used);
    report.add("server_cpu_percent", used / seconds * 100);
}

std::uint64_t Usage::server_bytes() const {
    std::uint64_t out = 0;
    for (const int pid : pids_)
        out += resident_bytes_of(pid);
    return out;
}

}  // namespace warren::load
