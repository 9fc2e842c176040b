#include <memory>
#include <optional>

#include "gateway/activity_tokens.h"
#include "gateway/answers.h"
#include "gateway/base64.h"
#include "gateway/body_fields.h"
#include "gateway/handlers.h"
#include "gateway/json_text.h"
#include "gateway/service.h"
#include "gateway/summary.h"
#include "gateway/time_text.h"

namespace perdure::gateway {

namespace {

using runtime::polled_activity;

constexpr std::size_t queue_bytes_max = 255;
constexpr duration next_delay_max = std::chrono::hours(24 * 365);
/// The dispatcher's answer that there is nothing comes first, if it comes at all.
constexpr duration grace{250};

/// Appends parameters and details, as JSON where they can be read.
void append_payloads(json_writer& json, const known_activities& all, const polled_activity& work) {
  auto* known = all.find(work.activities);
  auto* activity = known == nullptr ? nullptr : known->what->find(work.activity);
  if (activity == nullptr) {
    json.text("paramsBase64", to_base64(work.params));
  } else if (auto params = known->json.encode(activity->params, work.params)) {
    json.raw("params", *params);
  } else {
    json.text("undecodable", params.error().detail);
  }
  if (work.heartbeat_details.empty()) return;
  const auto details = as_text(work.heartbeat_details);
  if (json_document::parse(details) && is_utf8(details)) {
    json.raw("heartbeatDetails", details);
  } else {
    json.text("heartbeatDetailsBase64", to_base64(work.heartbeat_details));
  }
}

reply answer_work(const known_activities& known, const polled_activity& work) {
  json_writer json;
  json.begin_object().text("token", work.token);
  append_entity(json, "entity", work.entity);
  json.text("activities", work.activities);
  json.text("activity", known.name_of(work.activities, work.activity));
  append_payloads(json, known, work);
  json.number("attempt", work.attempt).text("key", work.key);
  if (work.deadline != timestamp::max()) json.text("deadline", format_time(work.deadline));
  if (work.heartbeat != no_limit) json.text("heartbeatTimeout", format_duration(work.heartbeat));
  if (!work.traceparent.empty()) json.text("traceparent", work.traceparent);
  return reply::json(json.end_object().take());
}

/// Answers a worker that waits. If it went away before there was work, the work goes back.
void give(service& s, kj::PromiseFulfiller<reply>& to, std::optional<polled_activity> work) {
  if (to.isWaiting()) {
    return to.fulfill(work ? answer_work(*s.activities, *work) : reply{.status = 204});
  }
  if (!work) return;
  const runtime::attempt_failure unseen{
      .message = "the worker went away before it had the activity", .next_delay = duration{0}};
  s.engine.activities().fail(work->token, unseen, [](const auto&) {
    // Where this failed, its time-out finds it.
  });
}

/// The token that a path names.
const std::string& token_of(const http_request& request) { return request.target.segments[2]; }

/// Does `what`, waking the entity where that is needed, and answers with `show`.
template <class T, class Show>
kj::Promise<reply> use_token(service& s, const std::string& token, token_use<T> what, Show show) {
  auto used = s.loop->call<result<T>>(
      [&](answer_to<T> done) { with_token<T>(s.engine, token, std::move(what), std::move(done)); });
  return used.then([show](result<T> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    return show(*outcome);
  });
}

reply answer_done(const nothing&) { return reply::json("{}"); }

/// Encodes a body as the results of the activity.
result<bytes> encode_results(const known_activities& all, const polled_activity& work,
                             const std::string& body) {
  auto* known = all.find(work.activities);
  auto* activity = known == nullptr ? nullptr : known->what->find(work.activity);
  if (activity == nullptr) {
    return error{errc::unknown_method, "this node does not know the contract of activity \"" +
                                           work.activities + '.' +
                                           all.name_of(work.activities, work.activity) +
                                           "\": declare it in its program (node.declare)"};
  }
  return known->json.decode(activity->results, body);
}

}  // namespace

kj::Promise<reply> post_poll(service& s, const http_request& request) {
  auto& queue = request.target.segments[2];
  if (queue.empty() || queue.size() > queue_bytes_max) {
    return refuse(errc::malformed, "queue: expected 1 to " + std::to_string(queue_bytes_max) +
                                       " bytes, got " + std::to_string(queue.size()));
  }
  auto timeout = request.time("timeout", wait_default, wait_max);
  if (!timeout) return refuse(problem(std::move(timeout).error()));
  auto nothing_said = body_fields::parse(request.body, {});
  if (!nothing_said) return refuse(problem(std::move(nothing_said).error()));
  auto pair = kj::newPromiseAndFulfiller<reply>();
  auto worker = std::make_shared<kj::Own<kj::PromiseFulfiller<reply>>>(kj::mv(pair.fulfiller));
  s.engine.activities().poll(
      queue, *timeout,
      [&s, loop = s.loop, worker](std::optional<polled_activity> work) {
        // The loop's, to be let go of there: whoever calls keeps an empty one.
        loop->post([&s, whom = kj::mv(*worker), work = std::move(work)]() mutable {
          give(s, *whom, std::move(work));
        });
      },
      [client = request.client] { return !client || client->is_there(); });
  auto nothing_came = s.timer.afterDelay((*timeout + grace).count() * kj::MILLISECONDS)
                          .exclusiveJoin(s.drained.addBranch())
                          .then([] { return reply{.status = 204}; });
  return pair.promise.exclusiveJoin(kj::mv(nothing_came));
}

kj::Promise<reply> post_complete(service& s, const http_request& request) {
  auto what = [&engine = s.engine, known = s.activities, token = token_of(request),
               body = std::make_shared<const std::string>(request.body)](answer_to<nothing> done) {
    auto work = engine.activities().find(token);
    if (!work) return done(std::move(work).error());
    auto results = encode_results(*known, *work, *body);
    if (!results) return done(std::move(results).error());
    engine.activities().complete(token, *std::move(results), std::move(done));
  };
  return use_token<nothing>(s, token_of(request), std::move(what), answer_done);
}

kj::Promise<reply> post_fail(service& s, const http_request& request) {
  auto fields = body_fields::parse(request.body, {"type", "message", "retryable", "nextDelay"});
  if (!fields) return refuse(problem(std::move(fields).error()));
  runtime::attempt_failure why;
  auto type = fields->text("type", 255);
  if (!type) return refuse(problem(std::move(type).error()));
  auto message = fields->text("message");
  if (!message) return refuse(problem(std::move(message).error()));
  auto again = fields->boolean("retryable", true);
  if (!again) return refuse(problem(std::move(again).error()));
  auto pause = fields->time("nextDelay", next_delay_max);
  if (!pause) return refuse(problem(std::move(pause).error()));
  why = {*std::move(type), *std::move(message), *again, *pause};
  auto what = [&engine = s.engine, token = token_of(request),
               why = std::move(why)](answer_to<nothing> done) {
    engine.activities().fail(token, why, std::move(done));
  };
  return use_token<nothing>(s, token_of(request), std::move(what), answer_done);
}

kj::Promise<reply> post_heartbeat(service& s, const http_request& request) {
  bytes details;
  if (!request.body.empty()) {
    auto json = json_document::parse(request.body);
    if (!json) return refuse(problem(std::move(json).error()));
    if (!is_utf8(request.body)) return refuse(errc::malformed, "the body: expected UTF-8");
    const auto view = as_bytes_view(request.body);
    details.assign(view.begin(), view.end());
  }
  auto what = [&engine = s.engine, token = token_of(request),
               details = std::move(details)](const answer_to<bool>& done) {
    done(engine.activities().heartbeat(token, details));
  };
  return use_token<bool>(s, token_of(request), std::move(what), [](bool cancelled) {
    return reply::json(cancelled ? R"({"cancelled":true})" : R"({"cancelled":false})");
  });
}

}  // namespace perdure::gateway
