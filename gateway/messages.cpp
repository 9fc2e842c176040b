#include "gateway/answers.h"
#include "gateway/handlers.h"
#include "gateway/json_text.h"
#include "gateway/service.h"
#include "gateway/target.h"
#include "gateway/uuid.h"

namespace perdure::gateway {

namespace {

/// A message on its way to its entity.
struct message {
  const runtime::hosted_type* type = nullptr;
  request what;
};

/// Finds out whom and what the path means; the parameters are still to come.
result<message> address(service& s, const http_request& request, method_kind kind) {
  auto target = find_entity(s.engine, request);
  if (!target) return std::move(target).error();
  auto& contract = target->type->contract();
  auto method = find_method(contract, kind, request.target.segments[5]);
  if (!method) return std::move(method).error();
  message prepared{target->type, {}};
  prepared.what.target = std::move(target->id);
  prepared.what.contract = &contract;
  prepared.what.method = *method;
  prepared.what.options.key = request.idempotency_key.value_or("");
  prepared.what.options.traceparent = request.traceparent;
  return prepared;
}

/// As `address`, with the body as parameters.
result<message> with_body(service& s, const http_request& request, method_kind kind) {
  auto prepared = address(s, request, kind);
  if (!prepared) return prepared;
  auto params = prepared->type->json.decode(prepared->what.method->params, request.body);
  if (!params) return std::move(params).error();
  prepared->what.params = *std::move(params);
  return prepared;
}

std::string update_path(const entity_id& entity, const std::string& request_id) {
  return "/v1/entities/" + percent_encode(entity.type) + '/' + percent_encode(entity.id) +
         "/updates/" + percent_encode(request_id);
}

reply answer_accepted(const answer& from, const entity_id& entity, const std::string& request_id) {
  json_writer json;
  json.begin_object().text("requestId", request_id).wide("event", from.event);
  json.number("run", from.run).end_object();
  auto accepted = reply::json(json.take(), 202).with("Location", update_path(entity, request_id));
  return with_replay(std::move(accepted), from.replayed);
}

/// The reply to whoever has waited for an update long enough.
problem answer_later(duration waited, std::string request_id) {
  problem why(
      error{errc::timeout, "the update has not ended within " + std::to_string(waited.count()) +
                               " ms; it goes on, GET .../updates/{requestId} waits for it"});
  why.request_id = std::move(request_id);
  return why;
}

}  // namespace

kj::Promise<reply> post_signal(service& s, const http_request& request) {
  auto prepared = with_body(s, request, method_kind::signal);
  if (!prepared) return refuse(problem(std::move(prepared).error()));
  auto delay = request.time("delay", duration{0}, delay_max);
  if (!delay) return refuse(problem(std::move(delay).error()));
  prepared->what.options.delay = *delay;
  return s.call(std::move(prepared->what)).then([](result<answer> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    return with_replay(answer_receipt(*outcome, 202), outcome->replayed);
  });
}

kj::Promise<reply> post_update(service& s, const http_request& request) {
  auto* wait = request.parameter("wait");
  if (wait != nullptr && *wait != "accepted" && *wait != "result") {
    return refuse(errc::malformed, "wait: expected accepted or result, got \"" + *wait + '"');
  }
  auto timeout = request.time("timeout", wait_max, wait_max);
  if (!timeout) return refuse(problem(std::move(timeout).error()));
  auto prepared = with_body(s, request, method_kind::update);
  if (!prepared) return refuse(problem(std::move(prepared).error()));
  auto& what = prepared->what;
  const bool accepted_only = wait != nullptr && *wait == "accepted";
  const bool bounded = request.parameter("timeout") != nullptr;
  // Whoever may have to ask again needs a name to ask for.
  if (what.options.key.empty() && (accepted_only || bounded)) what.options.key = make_uuid();
  auto key = what.options.key;
  if (accepted_only) {
    what.options.until_accepted = true;
    auto entity = what.target;
    return s.call(std::move(what))
        .then([entity = std::move(entity), key = std::move(key)](result<answer> outcome) -> reply {
          if (!outcome) return refuse(problem(std::move(outcome).error()));
          return answer_accepted(*outcome, entity, key);
        });
  }
  auto answered = [type = prepared->type, method = what.method](result<answer> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    return answer_results(*type, *method, *outcome);
  };
  what.options.patience = *timeout;
  auto waiting = s.call(std::move(what)).then(std::move(answered));
  return within(s, kj::mv(waiting), *timeout, answer_later(*timeout, std::move(key)));
}

kj::Promise<reply> get_update(service& s, const http_request& request) {
  auto target = find_entity(s.engine, request);
  if (!target) return refuse(problem(std::move(target).error()));
  auto timeout = request.time("timeout", wait_default, wait_max);
  if (!timeout) return refuse(problem(std::move(timeout).error()));
  auto& key = request.target.segments[5];
  if (key.empty()) return refuse(errc::malformed, "the path ends where a request id is expected");
  auto ended = [type = target->type](result<runtime::update_state> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    auto* method = type->contract().find(outcome->method);
    if (method == nullptr) {
      return refuse(errc::unknown_method,
                    "the contract has no method @" + std::to_string(outcome->method) + " any more");
    }
    return answer_results(
        *type, *method,
        {.event = outcome->event, .run = outcome->run, .results = outcome->results});
  };
  auto waiting = s.loop->call<result<runtime::update_state>>(
      [&](auto done) { s.engine.await_update(target->id, key, *timeout, std::move(done)); });
  return within(s, waiting.then(std::move(ended)), *timeout, answer_later(*timeout, key));
}

namespace {

kj::Promise<reply> ask(service& s, message prepared, event_number at) {
  prepared.what.options.at = at;
  prepared.what.options.key.clear();  // A query changes nothing, so there is nothing to count once.
  auto answered = [type = prepared.type,
                   method = prepared.what.method](result<answer> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    return answer_results(*type, *method, *outcome);
  };
  return s.call(std::move(prepared.what)).then(std::move(answered));
}

}  // namespace

kj::Promise<reply> get_query(service& s, const http_request& request) {
  auto prepared = address(s, request, method_kind::query);
  if (!prepared) return refuse(problem(std::move(prepared).error()));
  auto at = request.number("at", 0, 1);
  if (!at) return refuse(problem(std::move(at).error()));
  url_fields fields;
  for (auto& field : request.target.query) {
    if (field.first != "at") fields.push_back(field);
  }
  auto params = prepared->type->json.decode_fields(prepared->what.method->params, fields);
  if (!params) return refuse(problem(std::move(params).error()));
  prepared->what.params = *std::move(params);
  return ask(s, *std::move(prepared), *at);
}

kj::Promise<reply> post_query(service& s, const http_request& request) {
  auto prepared = with_body(s, request, method_kind::query);
  if (!prepared) return refuse(problem(std::move(prepared).error()));
  auto at = request.number("at", 0, 1);
  if (!at) return refuse(problem(std::move(at).error()));
  return ask(s, *std::move(prepared), *at);
}

}  // namespace perdure::gateway
