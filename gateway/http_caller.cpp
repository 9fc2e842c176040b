#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <random>

#include <perdure/http_client.h>

#include "entities/json.h"
#include "gateway/http_transport.h"
#include "gateway/json_text.h"
#include "gateway/problem.h"
#include "gateway/uuid.h"

namespace perdure {

using gateway::http_response;
using gateway::percent_encode;

namespace {

using steady = std::chrono::steady_clock;

std::string path_of(const entity_id& entity) {
  return "/v1/entities/" + percent_encode(entity.type) + '/' + percent_encode(entity.id);
}

std::string in_millis(duration time) { return std::to_string(time.count()) + "ms"; }

std::string start_path(const entity_id& entity, const call_options& options) {
  auto& start = options.start;
  auto path = path_of(entity) + (options.until_accepted ? "?wait=accepted" : "?wait=result");
  if (start.when_running == id_conflict::use_existing) path += "&id-conflict=use-existing";
  if (start.when_running == id_conflict::terminate_existing) {
    path += "&id-conflict=terminate-existing";
  }
  if (start.when_ended == id_reuse::after_failure) path += "&id-reuse=after-failure";
  if (start.when_ended == id_reuse::reject) path += "&id-reuse=reject";
  if (start.delay > duration{0}) path += "&delay=" + in_millis(start.delay);
  if (start.run_timeout != no_limit) path += "&run-timeout=" + in_millis(start.run_timeout);
  if (start.execution_timeout != no_limit) {
    path += "&execution-timeout=" + in_millis(start.execution_timeout);
  }
  return path;
}

std::string path_of(const request& what) {
  auto& options = what.options;
  const auto name = percent_encode(what.method->name);
  switch (what.method->kind) {
    case method_kind::main:
      return start_path(what.target, options);
    case method_kind::signal:
      return path_of(what.target) + "/signals/" + name +
             (options.delay > duration{0} ? "?delay=" + in_millis(options.delay) : "");
    case method_kind::update:
      return path_of(what.target) + "/updates/" + name +
             (options.until_accepted ? "?wait=accepted" : "");
    case method_kind::query:
      return path_of(what.target) + "/queries/" + name +
             (options.at != 0 ? "?at=" + std::to_string(options.at) : "");
  }
  return {};
}

event_number number_of(std::string_view text) { return gateway::parse_unsigned(text).value_or(0); }

/// Reads the answer to a request that succeeded.
result<answer> read_answer(const core::json_codec* codec, const method* method,
                           const http_response& response) {
  answer read;
  read.replayed = response.header("Idempotency-Replayed") == "true";
  if (codec == nullptr || response.status == 201 || response.status == 202) {
    auto receipt = gateway::json_document::parse(response.body);
    if (!receipt) return std::move(receipt).error();
    read.event = receipt->unsigned_at("event").value_or(0);
    read.run = static_cast<run_number>(receipt->unsigned_at("run").value_or(0));
    return read;
  }
  read.event = number_of(response.header("Perdure-Event"));
  read.run = static_cast<run_number>(number_of(response.header("Perdure-Run")));
  auto results = codec->decode(method->results, response.body);
  if (!results) return std::move(results).error();
  read.results = *std::move(results);
  return read;
}

}  // namespace

class http_caller::implementation {
public:
  implementation(gateway::http_address server, http_caller_options options)
      : options_(options), transport_(std::move(server), options.connections) {}

  void call(request what, completion done) {
    auto& codec = codec_of(*what.contract);
    auto body = codec.encode(what.method->params, what.params);
    if (!body) return done(std::move(body).error());
    auto now = std::make_shared<attempts>();
    now->message = {gateway::http_verb::post, path_of(what), {}, *std::move(body)};
    now->message.headers.emplace_back("Content-Type", "application/json");
    if (what.method->kind != method_kind::query) {
      auto key = what.options.key.empty() ? gateway::make_uuid() : what.options.key;
      now->message.headers.emplace_back("Idempotency-Key", std::move(key));
    }
    if (!what.options.traceparent.empty()) {
      now->message.headers.emplace_back("traceparent", what.options.traceparent);
    }
    now->codec = &codec;
    now->method = what.method;
    begin(std::move(now), options_.deadline, std::move(done));
  }

  void await_result(const entity_id& entity, const contract& of, duration patience,
                    completion done) {
    auto now = std::make_shared<attempts>();
    // So that an attempt ends by an answer, and its connection can be used again.
    const auto wait = std::min({options_.attempt_time * 2 / 3, patience, longest_wait});
    now->message = {.path = path_of(entity) + "/result?timeout=" + in_millis(wait)};
    now->codec = &codec_of(of);
    now->method = of.main();
    begin(std::move(now), patience, std::move(done));
  }

  void cancel(const entity_id& entity, const std::string& reason, completion done) {
    auto now = std::make_shared<attempts>();
    gateway::json_writer body;
    body.begin_object().text("reason", reason).end_object();
    now->message = {gateway::http_verb::post, path_of(entity) + "/cancel", {}, body.take()};
    begin(std::move(now), options_.deadline, std::move(done));
  }

private:
  /// A call on its way: the message that every attempt repeats. Answers when it is dropped.
  struct attempts {
    gateway::http_message message;
    const core::json_codec* codec = nullptr;  ///< Null: a receipt is all there is to read.
    const perdure::method* method = nullptr;
    completion done;
    duration pause{0};
    steady::time_point deadline;
    bool bounded = false;

    ~attempts() { give(error{errc::unavailable, "the client was closed before an answer came"}); }

    duration time_left() const {
      return std::chrono::duration_cast<duration>(deadline - steady::now());
    }
    void give(result<answer> outcome) {
      if (auto answered = std::exchange(done, nullptr)) answered(std::move(outcome));
    }
  };
  using call_state = std::shared_ptr<attempts>;

  static constexpr duration longest_wait{600'000};

  void begin(call_state now, duration deadline, completion done) {
    now->done = std::move(done);
    now->pause = options_.pause_first;
    now->bounded = deadline > duration{0};
    // A deadline without end must not overflow.
    now->deadline = steady::now() + std::min<duration>(deadline, std::chrono::hours(24 * 365));
    attempt(std::move(now));
  }

  void attempt(call_state now) {
    auto time = options_.attempt_time;
    if (now->bounded) {
      time = std::clamp(now->time_left(), duration{1}, options_.attempt_time);
    }
    auto message = now->message;
    transport_.send(std::move(message), time, [this, now = std::move(now)](auto outcome) {
      conclude(now, std::move(outcome));
    });
  }

  void conclude(const call_state& now, result<http_response> outcome) {
    if (outcome && outcome->succeeded()) {
      return now->give(read_answer(now->codec, now->method, *outcome));
    }
    auto why = outcome ? gateway::read_problem(outcome->status, outcome->body) : outcome.error();
    const auto pause = part_of(now->pause);
    if (!retryable(why.code) || pause >= now->time_left()) return now->give(std::move(why));
    // One that has been waited for in vain is no sign of trouble.
    now->pause = why.code == errc::timeout ? options_.pause_first
                                           : std::min(now->pause * 2, options_.pause_max);
    transport_.after(pause, [this, now] { attempt(now); });
  }

  const core::json_codec& codec_of(const contract& described) {
    std::lock_guard lock(mutex_);
    auto& codec = codecs_[&described];
    if (!codec) codec = std::make_unique<core::json_codec>(described);
    return *codec;
  }

  /// Returns half to all of `pause`, so that clients that failed together do not return together.
  duration part_of(duration pause) {
    std::lock_guard lock(mutex_);
    std::uniform_int_distribution<duration::rep> part(pause.count() / 2, pause.count());
    return duration{part(random_)};
  }

  const http_caller_options options_;
  std::mutex mutex_;
  std::map<const contract*, std::unique_ptr<core::json_codec>> codecs_;
  std::minstd_rand random_{std::random_device{}()};
  gateway::http_transport transport_;  ///< Last: its thread uses the others.
};

namespace {

gateway::http_address address_of(const std::string& url) {
  return gateway::http_address::parse(url).value();
}

}  // namespace

http_caller::http_caller(const std::string& url, http_caller_options options)
    : implementation_(std::make_unique<implementation>(address_of(url), options)) {}

http_caller::~http_caller() = default;

void http_caller::call(request what, completion done) {
  implementation_->call(std::move(what), std::move(done));
}

void http_caller::await_result(const entity_id& entity, const contract& of, duration patience,
                               completion done) {
  implementation_->await_result(entity, of, patience, std::move(done));
}

void http_caller::cancel(const entity_id& entity, std::string reason, completion done) {
  implementation_->cancel(entity, reason, std::move(done));
}

}  // namespace perdure
