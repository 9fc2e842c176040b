// What comes to a test's world from outside: requests of callers, and of operators.

#include "testing/world.h"

namespace perdure::testing {

namespace {

error not_found(const entity_id& entity) {
  return {errc::entity_not_found, to_string(entity) + " does not exist"};
}

result<answer> answer_of(const core::repeated& seen) {
  if (seen.outcome && seen.outcome->how == core::update_outcome::kind::failed) {
    return error{errc::failed, seen.outcome->message, seen.outcome->type};
  }
  return answer{seen.event, seen.run, true, seen.outcome ? seen.outcome->results : bytes{}};
}

}  // namespace

void world::handle(live& of, caller_request asked) {
  auto& options = asked.what.options;
  auto& method = *asked.what.method;
  auto reply = [&](result<perdure::answer> how) {
    answer(of.id, method.name, std::move(asked.done), std::move(how));
  };
  if (method.kind == method_kind::query) return reply(query(of, asked.what));

  core::message message{method.ordinal, std::move(asked.what.params), options.key,   options.delay,
                        std::nullopt,   options.traceparent,          options.start, false};
  const bool waits = method.kind != method_kind::signal && !options.until_accepted;
  const auto until =
      options.patience == forever ? timestamp::max() : asked.sent.time + options.patience;
  auto wait_for = [&](event_number begun, bool repeat) {
    of.callers.emplace(
        begun, waiting_caller{asked.number, method.name, until, repeat, std::move(asked.done)});
  };
  auto outcome = method.kind == method_kind::signal   ? of.machine->handle_signal(message, now_)
                 : method.kind == method_kind::update ? of.machine->handle_update(message, now_)
                                                      : start(of, message);
  if (auto* refusal = std::get_if<core::refused>(&outcome)) {
    if (refusal->state_lost) crash(of);
    return reply(std::move(refusal->why));
  }
  if (auto* seen = std::get_if<core::repeated>(&outcome)) {
    if (!waits) return reply(perdure::answer{seen->event, seen->run, true, {}});
    if (!seen->outcome) return wait_for(seen->event, true);
    return reply(answer_of(*seen));
  }
  auto& step = std::get<core::accepted>(outcome).step;
  const auto event = of.machine->answered_by_end_of(step);
  const bool joins = event != step.event;
  if (waits) {
    wait_for(event, joins);
  } else {
    reply(perdure::answer{event, step.run, joins, {}});
  }
  commit(of, std::move(step));
}

result<answer> world::query(live& of, const request& what) {
  if (!of.exists()) return not_found(of.id);
  if (what.options.at == 0) {
    auto found = of.machine->query(what.method->ordinal, what.params, now_);
    if (!found) return std::move(found).error();
    return perdure::answer{0, of.machine->where().run, false, std::move(*found)};
  }
  auto past = read(of.id, what.options.at);
  if (!past) return std::move(past).error();
  core::machine then(of.type, of.id, limits_);
  if (auto& base = past->base) {
    auto why = then.restore(
        base->carried, {base->run, past->summary.run_began, base->event, past->summary.created, 0});
    if (why) return std::move(*why);
  }
  for (auto& step : past->records) {
    if (auto why = then.replay(step)) return std::move(*why);
  }
  auto found = then.query(what.method->ordinal, what.params, then.where().last_time);
  if (!found) return std::move(found).error();
  return perdure::answer{then.where().last_event, then.where().run, false, std::move(*found)};
}

result<receipt> world::operate(const entity_id& entity, const operation& what) {
  auto& of = get(entity);
  if (!of.exists()) return not_found(entity);
  auto outcome = what(*of.machine, now_);
  if (auto* refusal = std::get_if<core::refused>(&outcome)) {
    if (refusal->state_lost) crash(of);
    return std::move(refusal->why);
  }
  if (auto* seen = std::get_if<core::repeated>(&outcome)) {
    return receipt{seen->event, seen->run, true};
  }
  auto& step = std::get<core::accepted>(outcome).step;
  const receipt made{step.event, step.run, false};
  commit(of, std::move(step));
  flush();
  return made;
}

}  // namespace perdure::testing
