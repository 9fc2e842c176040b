#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <perdure/history.h>
#include <perdure/node.h>
#include <perdure/schedule.h>

#include "gateway/activity_tokens.h"
#include "gateway/http_server.h"
#include "gateway/url.h"
#include "node/logging.h"
#include "node/system_clock.h"
#include "persistence/lmdb/lmdb_journal.h"
#include "persistence/sealing.h"
#include "runtime/engine.h"

namespace perdure {

namespace {

constexpr std::uint32_t shards_default = 256;

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

runtime::engine_limits limits_of(const node_options& options) {
  runtime::engine_limits limits;
  limits.idempotency_time = options.idempotency_window;
  limits.passivate_after = options.passivate_after;
  limits.active_bytes = options.memory;
  limits.threads = options.threads;
  limits.continue_after_events = options.continue_after_events;
  limits.continue_after_bytes = options.continue_after_bytes;
  return limits;
}

persistence::lmdb_options storage_of(const node_options& options) {
  persistence::lmdb_options storage;
  storage.directory = options.data;
  storage.shard_count = options.shards;
  if (storage.shard_count == 0) {
    std::error_code ignored;
    const bool is_new = !std::filesystem::exists(options.data / "journal", ignored);
    if (is_new) storage.shard_count = shards_default;
  }
  storage.history_retention = options.history_retention;
  storage.terminated_retention = options.retention;
  storage.storage_limit_bytes = options.storage_limit;
  return storage;
}

/// Checks where HTTP shall be.
result<gateway::http_options> http_of(const node_options& options) {
  auto address = gateway::http_address::parse(options.http);
  if (!address) return error{errc::malformed, "--http: " + address.error().detail};
  if (!is_loopback(address->host) && !options.insecure) {
    return error{errc::malformed, "--http " + options.http +
                                      ": anyone who reaches this address could call every entity; "
                                      "use a loopback address, or allow it with --insecure"};
  }
  gateway::http_options http;
  http.address = address->host;
  http.port = address->port;
  return http;
}

}  // namespace

struct node::parts {
  explicit parts(node_options chosen) : options(std::move(chosen)) {}

  /// Hands the engine what was told before the start.
  void set_up() {
    for (auto& type : types) engine->host(type);
    for (auto& [what, allowed] : provided) engine->provide(what, allowed);
    for (auto* each : known) engine->activities().know(*each);
    for (auto& each : interceptors) engine->intercept(each);
    if (codec) engine->encode_with(codec);
  }

  /// Every node has schedules, unless its program has a type of that name.
  void add_schedules() {
    const auto schedules = type_of<schedule>();
    if (std::ranges::none_of(
            types, [&](auto& each) { return each.contract->type == schedules.contract->type; })) {
      types.push_back(schedules);
    }
  }

  std::vector<const activities_description*> all_known() const {
    auto all = known;
    for (auto& [what, allowed] : provided) all.push_back(&what->described());
    return all;
  }

  node_options options;
  std::vector<entity_type> types;
  std::vector<std::pair<std::shared_ptr<activities_base>, runtime::activity_limits>> provided;
  std::vector<const activities_description*> known;
  std::vector<std::shared_ptr<interceptor>> interceptors;
  std::shared_ptr<const payload_codec> codec;
  system_wall_clock wall;
  std::unique_ptr<persistence::journal> journal;
  std::unique_ptr<runtime::engine> engine;
  std::unique_ptr<gateway::http_server> http;
};

node::node(node_options options) : parts_(std::make_unique<parts>(std::move(options))) {}

node::~node() { stop(); }

void node::host(entity_type type) { parts_->types.push_back(type); }

void node::provide(std::shared_ptr<activities_base> what, provide_limits limits) {
  parts_->provided.push_back({std::move(what), {limits.at_once, limits.per_second}});
}

void node::declare(const activities_description& what) { parts_->known.push_back(&what); }

void node::intercept(std::shared_ptr<interceptor> what) {
  parts_->interceptors.push_back(std::move(what));
}

void node::encode_with(std::shared_ptr<const payload_codec> codec) {
  parts_->codec = std::move(codec);
}

/// Replays the histories of the options; prints a line for each. Returns the exit status.
int node::replay_histories() {
  auto& p = *parts_;
  p.add_schedules();
  auto replayed = [&](const std::filesystem::path& file) -> result<std::size_t> {
    auto found = load_history(file);
    if (!found) return std::move(found).error();
    auto steps = found->steps();
    for (auto& step : steps) {
      if (!p.codec) break;
      if (auto why = persistence::unseal(step, *p.codec)) return std::move(*why);
    }
    auto type = std::ranges::find_if(
        p.types, [&](auto& each) { return each.contract->type == found->entity().type; });
    if (type == p.types.end()) {
      return error{errc::unknown_type, "this program hosts no \"" + found->entity().type + '"'};
    }
    const auto count = steps.size();
    if (auto why = replay(*type, history(found->entity(), std::move(steps), found->schema()))) {
      return std::move(*why);
    }
    return count;
  };
  int status = 0;
  for (auto& file : p.options.replay) {
    auto how = replayed(file);
    if (how) {
      std::printf("%s: %zu steps as recorded\n", file.c_str(), *how);
    } else {
      std::printf("%s: %s: %s\n", file.c_str(), std::string(to_string(how.error().code)).c_str(),
                  how.error().detail.c_str());
      status = 1;
    }
  }
  return status;
}

result<nothing> node::start() {
  auto& p = *parts_;
  p.add_schedules();
  if (p.options.journal != "lmdb") {
    return error{errc::malformed,
                 "--journal " + p.options.journal + ": this build knows lmdb only"};
  }
  result<gateway::http_options> http = gateway::http_options{};
  if (!p.options.http.empty()) http = http_of(p.options);
  if (!http) return std::move(http).error();
  auto journal = persistence::open_lmdb_journal(storage_of(p.options));
  if (!journal) return std::move(journal).error();
  p.journal = *std::move(journal);
  p.engine = std::make_unique<runtime::engine>(*p.journal, p.wall, limits_of(p.options));
  try {
    p.set_up();
    if (!p.options.http.empty()) {
      p.http = std::make_unique<gateway::http_server>(*p.engine, *http, p.all_known());
    }
    p.engine->start();
  } catch (const failure& why) {
    stop();
    return why.why();
  } catch (const std::exception& why) {
    stop();
    return error{errc::internal, why.what()};
  }
  if (p.http) p.http->serve();
  return nothing{};
}

void node::stop() {
  auto& p = *parts_;
  // The engine answers all that is in flight, so HTTP goes last.
  if (p.http) p.http->drain();
  if (p.engine) p.engine->drain();
  p.http.reset();
  p.engine.reset();
  p.journal.reset();
}

std::uint16_t node::port() const { return parts_->http->port(); }

perdure::client node::client() { return perdure::client(*parts_->engine); }

// -- activities that are ended from elsewhere ----------------------------------------------------

namespace {

/// Whether an activity has results of this struct (0: none), as far as that is known.
std::optional<error> check_results(const std::vector<const activities_description*>& known,
                                   const runtime::polled_activity& of, std::uint64_t schema) {
  for (auto* each : known) {
    if (each->name != of.activities) continue;
    auto* activity = each->find(of.activity);
    if (activity == nullptr || schema == 0 || activity->results == schema) return std::nullopt;
    return error{errc::malformed, "these are not the results of " + of.activities + '.' +
                                      std::string(activity->name)};
  }
  return std::nullopt;
}

}  // namespace

result<nothing> node::complete_with(const std::string& token, std::uint64_t schema, bytes results) {
  auto& activities = parts_->engine->activities();
  return gateway::with_token<nothing>(
      *parts_->engine, token,
      [&activities, token, schema, results = std::move(results),
       known = parts_->all_known()](gateway::answer_to<nothing> done) {
        auto of = activities.find(token);
        if (!of) return done(std::move(of).error());
        if (auto why = check_results(known, *of, schema)) return done(std::move(*why));
        activities.complete(token, results, std::move(done));
      });
}

result<nothing> node::fail(const std::string& token, const activity_failure& why) {
  const runtime::attempt_failure told{why.type, why.what(), why.retryable, why.next_delay};
  return gateway::with_token<nothing>(
      *parts_->engine, token,
      [&activities = parts_->engine->activities(), token, told](gateway::answer_to<nothing> done) {
        activities.fail(token, told, std::move(done));
      });
}

// -- as a program --------------------------------------------------------------------------------

namespace {

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

/// Blocks the signals that end a node, so that every thread made from now on leaves them to `run`.
void hold_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  const auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

/// Waits for one of them. From then on another one ends the process at once.
const char* await_signal() {
  const auto signals = ending_signals();
  int which = 0;
  while (sigwait(&signals, &which) != 0) {
  }
  std::signal(which, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return which == SIGTERM ? "SIGTERM" : "SIGINT";
}

}  // namespace

int node::run() {
  auto& options = parts_->options;
  configure_logging(options.log_level, options.log_format);
  if (!options.replay.empty()) return replay_histories();
  hold_signals();
  auto started = start();
  if (!started) {
    std::fprintf(stderr, "%s: %s\n", options.program.c_str(), started.error().detail.c_str());
    return 1;
  }
  std::string where = "without HTTP";
  if (parts_->http) {
    auto address = gateway::http_address::parse(options.http).value();
    address.port = port();
    where = "listening on http://" + address.to_string();
  }
  std::printf("%s %s, data in %s\n", options.program.c_str(), where.c_str(), options.data.c_str());
  std::fflush(stdout);
  const auto* signal = await_signal();
  spdlog::info("{}: draining; a second signal ends at once", signal);
  stop();
  spdlog::info("drained");
  return 0;
}

}  // namespace perdure
