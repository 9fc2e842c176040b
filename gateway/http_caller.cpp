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

std::string path_of(const request& what) {
  const auto kind = what.method->kind;
  std::string path = "/v1/entities/" + percent_encode(what.target.type) + '/' +
                     percent_encode(what.target.id) + '/';
  path += kind == method_kind::signal   ? "signals/"
          : kind == method_kind::update ? "updates/"
                                        : "queries/";
  path += percent_encode(what.method->name);
  auto& options = what.options;
  if (kind == method_kind::signal && options.delay > duration{0}) {
    path += "?delay=" + std::to_string(options.delay.count()) + "ms";
  }
  if (kind == method_kind::update && options.until_accepted) path += "?wait=accepted";
  if (kind == method_kind::query && options.at != 0) path += "?at=" + std::to_string(options.at);
  return path;
}

event_number number_of(std::string_view text) { return gateway::parse_unsigned(text).value_or(0); }

/// Reads the answer to a request that succeeded.
result<answer> read_answer(const core::json_codec& codec, const request& what,
                           const http_response& response) {
  answer read;
  read.replayed = response.header("Idempotency-Replayed") == "true";
  if (response.status == 202) {
    auto receipt = gateway::json_document::parse(response.body);
    if (!receipt) return std::move(receipt).error();
    read.event = receipt->unsigned_at("event").value_or(0);
    read.run = static_cast<run_number>(receipt->unsigned_at("run").value_or(0));
    return read;
  }
  read.event = number_of(response.header("Perdure-Event"));
  read.run = static_cast<run_number>(number_of(response.header("Perdure-Run")));
  auto results = codec.decode(what.method->results, response.body);
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
      auto key = what.options.key.empty() ? new_key() : what.options.key;
      now->message.headers.emplace_back("Idempotency-Key", std::move(key));
    }
    now->codec = &codec;
    now->what = std::move(what);
    now->done = std::move(done);
    now->pause = options_.pause_first;
    now->deadline = steady::now() + options_.deadline;
    attempt(std::move(now));
  }

private:
  /// A call on its way: the message that every attempt repeats. Answers when it is dropped.
  struct attempts {
    gateway::http_message message;
    const core::json_codec* codec = nullptr;
    request what;
    completion done;
    duration pause{0};
    steady::time_point deadline;

    ~attempts() { give(error{errc::unavailable, "the client was closed before an answer came"}); }

    duration time_left() const {
      return std::chrono::duration_cast<duration>(deadline - steady::now());
    }
    void give(result<answer> outcome) {
      if (auto answered = std::exchange(done, nullptr)) answered(std::move(outcome));
    }
  };
  using call_state = std::shared_ptr<attempts>;

  void attempt(call_state now) {
    auto time = options_.attempt_time;
    if (options_.deadline > duration{0}) {
      time = std::clamp(now->time_left(), duration{1}, options_.attempt_time);
    }
    auto message = now->message;
    transport_.send(std::move(message), time, [this, now = std::move(now)](auto outcome) {
      conclude(now, std::move(outcome));
    });
  }

  void conclude(const call_state& now, result<http_response> outcome) {
    if (outcome && outcome->succeeded()) {
      return now->give(read_answer(*now->codec, now->what, *outcome));
    }
    auto why = outcome ? gateway::read_problem(outcome->status, outcome->body) : outcome.error();
    const auto pause = part_of(now->pause);
    if (!retryable(why.code) || pause >= now->time_left()) return now->give(std::move(why));
    now->pause = std::min(now->pause * 2, options_.pause_max);
    transport_.after(pause, [this, now] { attempt(now); });
  }

  const core::json_codec& codec_of(const contract& described) {
    std::lock_guard lock(mutex_);
    auto& codec = codecs_[&described];
    if (!codec) codec = std::make_unique<core::json_codec>(described);
    return *codec;
  }

  std::string new_key() {
    std::lock_guard lock(mutex_);
    return uuids_.next();
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
  gateway::uuid_source uuids_;
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

}  // namespace perdure
