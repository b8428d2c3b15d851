#pragma once
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>

namespace warren {

/// The metrics of one node, by Prometheus' names (`warren_..._total`, `_seconds`, `_bytes`). Thread-safe; the
/// references it gives out live as long as it does: look them up once, when an object is made.
class Metrics {
public:
    using Labels = std::map<std::string, std::string>;

    prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    /// Buckets suit durations in seconds, 0.5 ms to 10 s.
    prometheus::Histogram& seconds(const std::string& name, const std::string& help,
                                   const Labels& labels = {});

    /// The Prometheus text exposition of everything.
    std::string expose() const;

private:
    std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
};

}  // namespace warren
