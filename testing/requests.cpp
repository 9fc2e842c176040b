// What comes to a test's world from outside: requests of callers, and of operators.
//
// Callers are not lost in crashes. So a process is asked until it accepts; whoever waits longer is
// answered by what the entity's steps say.

#include "testing/world.h"

namespace perdure::testing {

namespace {

bool waits_for_end(const request& what) {
  const auto kind = what.method->kind;
  return kind != method_kind::signal && kind != method_kind::query && !what.options.until_accepted;
}

result<answer> to_answer(const core::update_outcome& how, answer begun) {
  if (how.how == core::update_outcome::kind::failed) {
    return error{errc::failed, how.message, how.type};
  }
  begun.results = how.results;
  return begun;
}

}  // namespace

/// Asks for what the first of its callers wants; again, if it crashes before it has accepted it.
void world::ask(live& of) {
  auto& first = of.requests.front();
  auto what = first.what;
  if (waits_for_end(what)) what.options.until_accepted = true;
  deliver(of,
          process::call{std::move(what),
                        completion([this, &of, number = first.number](result<perdure::answer> how) {
                          if (!losing_) accepted(of, number, std::move(how));
                        })});
}

void world::accepted(live& of, std::uint64_t request, result<perdure::answer> how) {
  if (of.requests.empty() || of.requests.front().number != request) return;
  auto asked = std::move(of.requests.front());
  of.requests.pop_front();
  const auto method = asked.what.method->name;
  if (!how || !waits_for_end(asked.what)) {
    return answer(of.id, method, std::move(asked.done), std::move(how));
  }
  if (auto end = of.ended.find(how->event); end != of.ended.end()) {
    return answer(of.id, method, std::move(asked.done), to_answer(end->second.how, *how));
  }
  const auto patience = asked.what.options.patience;
  const auto until = patience == forever ? timestamp::max() : asked.sent.time + patience;
  of.callers.emplace(how->event,
                     waiting_caller{request, method, until, how->replayed, std::move(asked.done)});
}

/// Answers those who wait for an update or a main.
void world::ended(live& of, event_number begun, const core::update_outcome& how,
                  const core::record& step) {
  of.ended.insert_or_assign(begun, end_of_call{of.place_of(step.event), step.event, step.run, how});
  for (auto each = of.callers.find(begun); each != of.callers.end();
       each = of.callers.find(begun)) {
    auto waits = std::move(of.callers.extract(each).mapped());
    answer(of.id, waits.method, std::move(waits.done),
           to_answer(how, {begun, step.run, waits.repeat, {}}));
  }
}

/// A reset has undone what came after an event.
void world::undone(live& of, event_number after) {
  std::erase_if(of.ended, [&](auto& each) { return each.second.event > after; });
  for (auto each = of.callers.upper_bound(after); each != of.callers.end();) {
    auto waits = std::move(of.callers.extract(each++).mapped());
    answer(of.id, waits.method, std::move(waits.done), process::undone_by_reset(of.id, after));
  }
}

result<receipt> world::operate(const entity_id& entity, const operation& what) {
  auto& of = get(entity);
  std::optional<result<perdure::answer>> said;
  bool whole = deliver(of, what(completion([&](result<perdure::answer> how) {
                         if (!losing_) said = std::move(how);
                       })));
  // Signals that waited for this come behind it at once, also where a crash has cut them off.
  while (!whole && of.machine().has_delayed_due(now_)) {
    whole = deliver(of, process::resume{completion([](const auto&) {})});
  }
  flush();
  if (!said) fail(to_string(entity) + " has not answered an operator");
  if (!*said) return std::move(*said).error();
  return receipt{(*said)->event, (*said)->run, (*said)->replayed};
}

}  // namespace perdure::testing
