#include "gateway/metrics.h"

#include <algorithm>
#include <limits>
#include <sstream>

#include <prometheus/text_serializer.h>

namespace perdure::gateway {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily counter(std::string name, std::string help, double value) {
  ClientMetric metric;
  metric.counter.value = value;
  return {std::move(name), std::move(help), MetricType::Counter, {metric}};
}

MetricFamily gauge(std::string name, std::string help, double value) {
  ClientMetric metric;
  metric.gauge.value = value;
  return {std::move(name), std::move(help), MetricType::Gauge, {metric}};
}

}  // namespace

void http_metrics::record(std::string_view endpoint, unsigned status, double seconds) {
  ++requests_[{endpoint, status}];
  auto& taken = latencies_[endpoint];
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  ++taken.buckets[static_cast<std::size_t>(bucket)];
  taken.seconds += seconds;
}

std::vector<MetricFamily> http_metrics::Collect() const {
  MetricFamily requests{"perdure_http_requests_total",
                        "Requests answered, by endpoint and status.",
                        MetricType::Counter,
                        {}};
  for (auto& [what, count] : requests_) {
    auto& metric = requests.metric.emplace_back();
    metric.label = {{"endpoint", std::string(what.first)}, {"status", std::to_string(what.second)}};
    metric.counter.value = static_cast<double>(count);
  }
  MetricFamily durations{"perdure_http_request_seconds",
                         "Time from a request's headers to its answer.",
                         MetricType::Histogram,
                         {}};
  for (auto& [endpoint, taken] : latencies_) {
    auto& metric = durations.metric.emplace_back();
    metric.label = {{"endpoint", std::string(endpoint)}};
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < taken.buckets.size(); ++i) {
      sum += taken.buckets[i];
      const auto bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({sum, bound});
    }
    metric.histogram.sample_count = sum;
    metric.histogram.sample_sum = taken.seconds;
  }
  return {std::move(requests), std::move(durations),
          gauge("perdure_http_connections", "Open connections.", static_cast<double>(connections_)),
          counter("perdure_http_connections_refused_total", "Connections turned away at the limit.",
                  static_cast<double>(connections_refused_))};
}

std::vector<MetricFamily> engine_metrics(const runtime::engine_stats& stats) {
  auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  auto& journal = stats.journal;
  return {
      counter("perdure_signals_total", "Signals accepted and durable.", number(stats.signals)),
      counter("perdure_updates_total", "Updates accepted and durable.", number(stats.updates)),
      counter("perdure_queries_total", "Queries answered.", number(stats.queries)),
      counter("perdure_starts_total", "Mains started.", number(stats.starts)),
      counter("perdure_refused_total", "Messages refused by entities.", number(stats.refused)),
      counter("perdure_replayed_total", "Repeats answered from the idempotency window.",
              number(stats.replayed)),
      counter("perdure_overloaded_total", "Messages refused at a bound.", number(stats.overloaded)),
      counter("perdure_timers_fired_total", "Timers, reminders and delayed signals that came due.",
              number(stats.timers_fired)),
      counter("perdure_continued_total", "Runs that continued as new.", number(stats.continued)),
      counter("perdure_activations_total", "Entities brought into memory.",
              number(stats.activations)),
      counter("perdure_passivations_total", "Entities put away.", number(stats.passivations)),
      counter("perdure_snapshots_total", "Snapshots taken.", number(stats.snapshots)),
      counter("perdure_commits_total", "Commits of the journal.", number(stats.commits)),
      counter("perdure_committed_steps_total", "Steps made durable.",
              number(stats.committed_steps)),
      counter("perdure_commit_seconds_total", "Time spent in commits.", stats.commit_seconds),
      gauge("perdure_entities_parked", "Entities that are parked now.", number(stats.parked)),
      gauge("perdure_entities_active", "Entities in memory now.", number(stats.active)),
      gauge("perdure_entities_active_bytes", "Estimate of their memory.",
            number(stats.active_bytes)),
      gauge("perdure_messages_under_way", "Messages from entity to entity that are not settled.",
            number(stats.messages_under_way)),
      gauge("perdure_activities_pending", "Activities that have not ended.",
            number(stats.activities.pending)),
      gauge("perdure_activities_running", "Attempts of activities in this process now.",
            number(stats.activities.running)),
      counter("perdure_activity_attempts_total", "Attempts of activities begun, here and outside.",
              number(stats.activities.attempts)),
      counter("perdure_activity_failures_total", "Attempts that failed or timed out.",
              number(stats.activities.failures)),
      counter("perdure_activities_completed_total", "Activities completed.",
              number(stats.activities.completed)),
      gauge("perdure_requests_in_flight", "Requests not answered yet.", number(stats.in_flight)),
      gauge("perdure_entities", "Entities in the journal, about.", number(journal.entities)),
      gauge("perdure_journal_records", "Records in the journal.", number(journal.records)),
      gauge("perdure_journal_bytes", "Bytes of the journal in use.", number(journal.journal_bytes)),
      gauge("perdure_index_bytes", "Bytes of the derived environment in use.",
            number(journal.index_bytes)),
      gauge("perdure_journal_unindexed_records", "Records not yet in the derived environment.",
            number(journal.unindexed_records)),
      gauge("perdure_storage_full", "1 when the last append found no room.",
            journal.storage_full ? 1 : 0),
  };
}

std::string metrics_text(const std::vector<MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace perdure::gateway
