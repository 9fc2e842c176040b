#pragma once

/// What is counted of requests, and everything countable of a node as Prometheus text.
///
/// Threads: the server's event loop only.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "runtime/engine.h"

namespace perdure::gateway {

/// Requests by endpoint and status, and how long they took.
class http_metrics final : public prometheus::Collectable {
public:
  /// Counts an answered request. `endpoint` is a literal.
  void record(std::string_view endpoint, unsigned status, double seconds);

  void connection_opened() { ++connections_; }
  void connection_closed() { --connections_; }
  void connection_refused() { ++connections_refused_; }
  std::size_t connections() const { return connections_; }

  std::vector<prometheus::MetricFamily> Collect() const override;

private:
  static constexpr std::array<double, 14> bounds_{.0005, .001, .0025, .005, .01, .025, .05,
                                                  .1,    .25,  .5,    1,    2.5, 5,    10};
  struct latencies {
    std::array<std::uint64_t, bounds_.size() + 1> buckets{};
    double seconds = 0;
  };

  std::map<std::pair<std::string_view, unsigned>, std::uint64_t> requests_;
  std::map<std::string_view, latencies> latencies_;
  std::size_t connections_ = 0;
  std::uint64_t connections_refused_ = 0;
};

/// Returns the engine's figures as metric families.
std::vector<prometheus::MetricFamily> engine_metrics(const runtime::engine_stats& stats);

/// Returns families as Prometheus text.
std::string metrics_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace perdure::gateway
