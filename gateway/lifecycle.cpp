#include <functional>

#include "gateway/answers.h"
#include "gateway/body_fields.h"
#include "gateway/handlers.h"
#include "gateway/service.h"
#include "gateway/target.h"
#include "gateway/time_text.h"

namespace perdure::gateway {

namespace {

constexpr duration deadline_max = std::chrono::hours(24 * 365 * 100);

/// Returns the type's main. Errors: unknown_method.
result<const method*> main_of(const runtime::hosted_type& type) {
  if (auto* main = type.contract().main()) return main;
  return error{errc::unknown_method,
               std::string(type.contract().type) +
                   " has no main, so there is nothing to start: an entity of it begins with the "
                   "first message it takes"};
}

result<start_options> parse_start(const http_request& request) {
  start_options options;
  auto conflict =
      request.choice<id_conflict>("id-conflict", id_conflict::reject,
                                  {{"reject", id_conflict::reject},
                                   {"use-existing", id_conflict::use_existing},
                                   {"terminate-existing", id_conflict::terminate_existing}});
  if (!conflict) return std::move(conflict).error();
  auto reuse = request.choice<id_reuse>("id-reuse", id_reuse::allow,
                                        {{"allow", id_reuse::allow},
                                         {"after-failure", id_reuse::after_failure},
                                         {"reject", id_reuse::reject}});
  if (!reuse) return std::move(reuse).error();
  auto delay = request.time("delay", duration{0}, delay_max);
  if (!delay) return std::move(delay).error();
  auto run = request.time("run-timeout", no_limit, deadline_max);
  if (!run) return std::move(run).error();
  auto execution = request.time("execution-timeout", no_limit, deadline_max);
  if (!execution) return std::move(execution).error();
  options.when_running = *conflict;
  options.when_ended = *reuse;
  options.delay = *delay;
  options.run_timeout = *run;
  options.execution_timeout = *execution;
  return options;
}

/// A start on its way to its entity.
struct prepared_start {
  target_entity target;
  request what;
};

result<prepared_start> prepare_start(service& s, const http_request& asked) {
  auto target = find_entity(s.engine, asked);
  if (!target) return std::move(target).error();
  auto main = main_of(*target->type);
  if (!main) return std::move(main).error();
  auto options = parse_start(asked);
  if (!options) return std::move(options).error();
  auto params = target->type->json.decode((*main)->params, asked.body);
  if (!params) return std::move(params).error();
  prepared_start prepared{*std::move(target), {}};
  prepared.what.target = prepared.target.id;
  prepared.what.contract = &prepared.target.type->contract();
  prepared.what.method = *main;
  prepared.what.params = *std::move(params);
  prepared.what.options.key = asked.idempotency_key.value_or("");
  prepared.what.options.traceparent = asked.traceparent;
  prepared.what.options.start = *options;
  return prepared;
}

std::string path_of(const entity_id& entity) {
  return "/v1/entities/" + percent_encode(entity.type) + '/' + percent_encode(entity.id);
}

problem not_ended(duration waited) {
  return error{errc::timeout, "the main has not ended within " + format_duration(waited) +
                                  "; it goes on, GET .../result waits for it"};
}

/// What a request for a change of an entity's life asks of the engine.
using change = std::function<void(const entity_id&, completion)>;

kj::Promise<reply> ask(service& s, const http_request& request, unsigned status,
                       const change& what) {
  auto target = find_entity(s.engine, request);
  if (!target) return refuse(problem(std::move(target).error()));
  auto changed =
      s.loop->call<result<answer>>([&](completion done) { what(target->id, std::move(done)); });
  return changed.then([status](result<answer> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    return answer_receipt(*outcome, status);
  });
}

}  // namespace

kj::Promise<reply> post_start(service& s, const http_request& request) {
  enum class until : std::uint8_t { accepted, result };
  auto wait = request.choice<until>("wait", until::accepted,
                                    {{"accepted", until::accepted}, {"result", until::result}});
  if (!wait) return refuse(problem(std::move(wait).error()));
  auto timeout = request.time("timeout", wait_max, wait_max);
  if (!timeout) return refuse(problem(std::move(timeout).error()));
  auto prepared = prepare_start(s, request);
  if (!prepared) return refuse(problem(std::move(prepared).error()));
  auto& what = prepared->what;
  if (*wait == until::accepted) {
    what.options.until_accepted = true;
    auto location = path_of(what.target);
    const bool keyed = !what.options.key.empty();
    return s.call(std::move(what))
        .then([location = std::move(location), keyed](result<answer> outcome) -> reply {
          if (!outcome) return refuse(problem(std::move(outcome).error()));
          // Without a key it is no repeat: there was one, which was to be used.
          const unsigned status = outcome->replayed && !keyed ? 200 : 201;
          return with_replay(answer_receipt(*outcome, status).with("Location", location),
                             outcome->replayed && keyed);
        });
  }
  what.options.patience = *timeout;
  auto answered = [type = prepared->target.type, main = what.method](result<answer> outcome) {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    return answer_results(*type, *main, *outcome);
  };
  return within(s, s.call(std::move(what)).then(std::move(answered)), *timeout,
                not_ended(*timeout));
}

kj::Promise<reply> get_result(service& s, const http_request& request) {
  auto target = find_entity(s.engine, request);
  if (!target) return refuse(problem(std::move(target).error()));
  auto main = main_of(*target->type);
  if (!main) return refuse(problem(std::move(main).error()));
  auto timeout = request.time("timeout", wait_default, wait_max);
  if (!timeout) return refuse(problem(std::move(timeout).error()));
  auto waiting = s.loop->call<result<answer>>(
      [&](completion done) { s.engine.await_result(target->id, *timeout, std::move(done)); });
  auto ended = [type = target->type, main = *main](result<answer> outcome) {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    outcome->replayed = false;  // Whoever asks for a result has sent nothing that counts.
    return answer_results(*type, *main, *outcome);
  };
  return within(s, waiting.then(std::move(ended)), *timeout, not_ended(*timeout));
}

kj::Promise<reply> post_cancel(service& s, const http_request& request) {
  auto reason = parse_reason(request.body);
  if (!reason) return refuse(problem(std::move(reason).error()));
  return ask(s, request, 202, [&](const entity_id& entity, completion done) {
    s.engine.cancel(entity, *std::move(reason), std::move(done));
  });
}

kj::Promise<reply> post_pause(service& s, const http_request& request) {
  auto reason = parse_reason(request.body);
  if (!reason) return refuse(problem(std::move(reason).error()));
  return ask(s, request, 202, [&](const entity_id& entity, completion done) {
    s.engine.pause(entity, *std::move(reason), std::move(done));
  });
}

kj::Promise<reply> post_resume(service& s, const http_request& request) {
  auto nothing_said = body_fields::parse(request.body, {});
  if (!nothing_said) return refuse(problem(std::move(nothing_said).error()));
  return ask(s, request, 202, [&](const entity_id& entity, completion done) {
    s.engine.resume(entity, std::move(done));
  });
}

kj::Promise<reply> post_reset(service& s, const http_request& request) {
  if (request.parameter("event") == nullptr) {
    return refuse(errc::malformed, "event: expected the last event to keep, of the current run");
  }
  auto event = request.number("event", 0, 1);
  if (!event) return refuse(problem(std::move(event).error()));
  auto reason = parse_reason(request.body);
  if (!reason) return refuse(problem(std::move(reason).error()));
  return ask(s, request, 202, [&](const entity_id& entity, completion done) {
    s.engine.reset(entity, *event, *std::move(reason), std::move(done));
  });
}

kj::Promise<reply> delete_entity(service& s, const http_request& request) {
  auto* reason = request.parameter("reason");
  if (reason != nullptr && reason->size() > reason_bytes_max) {
    return refuse(errc::malformed,
                  "reason: expected at most " + std::to_string(reason_bytes_max) + " bytes");
  }
  auto in_body = parse_reason(request.body);
  if (!in_body) return refuse(problem(std::move(in_body).error()));
  return ask(s, request, 200, [&](const entity_id& entity, completion done) {
    s.engine.terminate(entity, reason ? *reason : *in_body, std::move(done));
  });
}

}  // namespace perdure::gateway
