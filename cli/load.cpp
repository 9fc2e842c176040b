#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <map>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"
#include "gateway/problem.h"
#include "gateway/time_text.h"

namespace perdure::cli {

namespace {

using steady = std::chrono::steady_clock;

struct load_arguments {
  std::string entity;
  std::string method;
  std::string body;
  std::uint64_t entities = 1'000;
  std::size_t concurrency = 64;
  std::string duration_text = "10s";
  std::uint64_t count = 0;
};

/// Replaces {n} by the number of the request and {i} by that of its entity.
std::string filled(std::string text, std::uint64_t n, std::uint64_t i) {
  for (auto& [mark, number] : {std::pair{"{n}", n}, std::pair{"{i}", i}}) {
    const auto digits = std::to_string(number);
    for (auto at = text.find(mark); at != std::string::npos;
         at = text.find(mark, at + digits.size())) {
      text.replace(at, 3, digits);
    }
  }
  return text;
}

/// Looks the method's kind up, as the plural that stands in paths.
std::string plural_kind(session& node, const load_arguments& given) {
  const auto type = given.entity.substr(0, given.entity.find('/'));
  const auto document = node.get("/v1/types");
  if (auto* types = document.find("types"); types != nullptr && types->elements() != nullptr) {
    for (auto& known : *types->elements()) {
      auto* methods = known.find("methods");
      if (known.shown("type") != type || methods == nullptr || methods->elements() == nullptr)
        continue;
      for (auto& method : *methods->elements()) {
        if (method.shown("name") != given.method) continue;
        const auto kind = method.shown("kind");
        return kind == "query" ? "queries" : kind + 's';
      }
    }
  }
  throw failure_of({errc::unknown_method, "there is no method " + given.method + " of " + type});
}

/// A run of the generator. Everything but the atomics is on the transport's thread until `wait`
/// returns.
class generator {
public:
  generator(session& node, const load_arguments& given, std::string kind, duration time)
      : node_(node),
        given_(given),
        kind_(std::move(kind)),
        body_(body_of(given.body)),
        time_(time) {}

  void start() {
    node_.transport().after(duration{0}, [this] {
      began_ = steady::now();
      for (std::size_t i = 0; i < given_.concurrency; ++i) send();
      if (in_flight_ == 0) over_.set_value();
    });
  }

  /// Waits for the end, showing progress on a terminal.
  void wait() {
    auto over = over_.get_future();
    const bool shows = isatty(STDERR_FILENO) != 0;
    while (over.wait_for(std::chrono::seconds(1)) == std::future_status::timeout) {
      if (shows)
        std::fprintf(stderr, "\r%10llu answered", static_cast<unsigned long long>(answered_));
    }
    if (shows) std::fprintf(stderr, "\r\033[K");
  }

  void report() {
    std::ranges::sort(micros_);
    const auto seconds = std::chrono::duration<double>(ended_ - began_).count();
    const auto rate = seconds > 0 ? static_cast<double>(micros_.size()) / seconds : 0;
    std::uint64_t errors = 0;
    for (auto& [code, count] : errors_) errors += count;
    if (node_.json()) return report_json(seconds, rate);
    std::printf("%zu answered in %.2f s: %.0f a second, %llu errors\n", micros_.size(), seconds,
                rate, static_cast<unsigned long long>(errors));
    table rows({"P50 MS", "P90 MS", "P99 MS", "MAX MS"});
    rows.add({text(millis(50)), text(millis(90)), text(millis(99)), text(millis(100))});
    rows.print();
    for (auto& [code, count] : errors_) {
      std::printf("%s %llu\n", paint(style::error, code).c_str(),
                  static_cast<unsigned long long>(count));
    }
  }

  bool succeeded() const { return errors_.empty() && !micros_.empty(); }

private:
  bool is_over() const {
    if (given_.count != 0) return sent_ >= given_.count;
    return steady::now() - began_ >= time_;
  }

  void send() {
    if (is_over()) return;
    const auto n = sent_++;
    const auto i = n % given_.entities;
    gateway::http_message what{gateway::http_verb::post,
                               entity_path(filled(given_.entity, n, i)) + '/' + kind_ + '/' +
                                   gateway::percent_encode(given_.method),
                               {},
                               filled(body_, n, i)};
    ++in_flight_;
    node_.transport().send(std::move(what), node_.timeout(),
                           [this, from = steady::now()](auto outcome) { answered(from, outcome); });
  }

  void answered(steady::time_point from, const result<gateway::http_response>& outcome) {
    ended_ = steady::now();
    if (outcome && outcome->succeeded()) {
      micros_.push_back(static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(ended_ - from).count()));
    } else {
      const auto why =
          outcome ? gateway::read_problem(outcome->status, outcome->body) : outcome.error();
      ++errors_[std::string(to_string(why.code))];
      failed_in_a_row_ += 1;
    }
    if (outcome) failed_in_a_row_ = 0;
    ++answered_;
    --in_flight_;
    // A node that is gone does not come back by being asked a hundred thousand times.
    if (failed_in_a_row_ < 2 * given_.concurrency) send();
    if (in_flight_ == 0) over_.set_value();
  }

  double millis(int percent) const {
    if (micros_.empty()) return 0;
    const auto place = (micros_.size() - 1) * static_cast<std::size_t>(percent) / 100;
    return micros_[place] / 1'000.0;
  }

  static std::string text(double number) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.2f", number);
    return digits;
  }

  void report_json(double seconds, double rate) const {
    gateway::json_writer json;
    json.begin_object().number("answered", static_cast<std::int64_t>(micros_.size()));
    json.raw("seconds", text(seconds)).raw("rate", text(rate));
    json.raw("p50Ms", text(millis(50))).raw("p90Ms", text(millis(90)));
    json.raw("p99Ms", text(millis(99))).raw("maxMs", text(millis(100)));
    json.key("errors").begin_object();
    for (auto& [code, count] : errors_) json.number(code, static_cast<std::int64_t>(count));
    print_line(json.end_object().end_object().str());
  }

  session& node_;
  const load_arguments& given_;
  const std::string kind_;
  const std::string body_;
  const duration time_;

  steady::time_point began_;
  steady::time_point ended_;
  std::uint64_t sent_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t failed_in_a_row_ = 0;
  std::vector<std::uint32_t> micros_;
  std::map<std::string, std::uint64_t> errors_;
  std::atomic<std::uint64_t> answered_{0};
  std::promise<void> over_;
};

void load(const load_arguments& given, const globals& chosen) {
  const auto time = gateway::parse_duration(given.duration_text);
  if (!time) {
    throw command_failure{{errc::malformed, "--duration: expected a duration such as 10s, got " +
                                                given.duration_text},
                          "",
                          2};
  }
  session node(chosen, given.concurrency);
  entity_path(given.entity);
  generator run(node, given, plural_kind(node, given), *time);
  run.start();
  run.wait();
  run.report();
  if (!run.succeeded()) throw command_failure{{errc::failed, "not every request succeeded"}};
}

}  // namespace

void add_load(CLI::App& app, const globals& chosen) {
  auto given = std::make_shared<load_arguments>();
  auto* command = app.add_subcommand("load", "Generate load; print rate and latencies");
  command->add_option("entity", given->entity, "Which entities, as type/id with {i}")->required();
  command->add_option("method", given->method, "Which method of their contract")->required();
  command->add_option("body", given->body, "Parameters as JSON with {n} and {i}; @FILE, - stdin");
  command->add_option("--entities", given->entities, "How many entities {i} counts through")
      ->check(CLI::Range(1ull, 1ull << 40))
      ->capture_default_str();
  command->add_option("--concurrency", given->concurrency, "Requests at once, each on a connection")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--duration", given->duration_text, "How long")->capture_default_str();
  command->add_option("--count", given->count, "How many requests, instead of how long");
  command->footer(
      "{n} is the number of the request, {i} that of its entity: {n} modulo --entities.\n"
      R"(Example: perdure load 'cart/user-{i}' addItem '{"sku":"tea-{n}","quantity":1}' --duration 30s)");
  command->callback([given, &chosen] { load(*given, chosen); });
}

}  // namespace perdure::cli
