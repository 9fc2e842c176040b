#include "tests/schedules/stage.h"

#include <algorithm>
#include <stdexcept>
#include <variant>

namespace perdure::testing {

using core::message_kind;

stage::live& stage::get(const entity_id& id) {
  auto [found, fresh] = entities_.try_emplace(id);
  auto& of = found->second;
  if (fresh) {
    of.id = id;
    of.of = &types_.at(id.type);
    reload(of);
  }
  return of;
}

void stage::reload(live& of) {
  auto fresh = std::make_unique<core::machine>(of.of->type, of.id, limits_);
  for (auto& each : of.journal) {
    if (auto why = fresh->replay(each)) throw std::logic_error(to_string(of.id) + why->detail);
  }
  of.machine = std::move(fresh);
}

void stage::check_replay() {
  for (auto& [id, of] : entities_) {
    const auto state = of.machine->state();
    reload(of);
    if (of.machine->state() != state) throw std::logic_error(to_string(id) + " differs");
  }
}

std::vector<std::string> stage::ids(const std::string& type) const {
  std::vector<std::string> all;
  for (auto& [id, of] : entities_) {
    if (id.type == type) all.push_back(id.id);
  }
  return all;
}

void stage::call(request what, completion done) {
  auto& of = get(what.target);
  if (what.method->kind == method_kind::query) {
    auto found = of.machine->query(what.method->ordinal, what.params, now_);
    if (found) return done(perdure::answer{0, 1, false, *found});
    return done(found.error());
  }
  core::message message{what.method->ordinal, std::move(what.params), what.options.key};
  error why;
  const bool signal = what.method->kind == method_kind::signal;
  const auto event = of.machine->where().last_event + 1;
  if (!take(of,
            signal ? of.machine->handle_signal(std::move(message), now_)
                   : of.machine->handle_update(std::move(message), now_),
            &why)) {
    return done(why);
  }
  settle();
  if (signal) return done(perdure::answer{event, 1, false, {}});
  auto end = ended_.find({of.id, event});
  if (end == ended_.end()) return done(error{errc::timeout, "not ended"});
  if (end->second.how == core::update_outcome::kind::failed) {
    return done(error{errc::failed, end->second.message, end->second.type});
  }
  done(perdure::answer{event, 1, false, end->second.results});
}

bool stage::take(live& of, core::outcome outcome, error* refusal) {
  if (auto* step = std::get_if<core::accepted>(&outcome)) {
    commit(of, std::move(step->step));
    return true;
  }
  if (auto* refused = std::get_if<core::refused>(&outcome)) {
    *refusal = refused->why;
    if (refused->state_lost) reload(of);
    return false;
  }
  throw std::logic_error("a message came twice");
}

void stage::commit(live& of, core::record step) {
  auto number = step.event;
  auto end = [&](event_number begun, const core::update_outcome& how) {
    ended_[{of.id, begun}] = how;
    const auto* main = of.machine->main();
    const auto* method = main && main->started == begun ? of.of->type.contract->main() : nullptr;
    auto [from, to] = waiting_.equal_range({of.id, begun});
    std::vector<message_name> names;
    for (auto each = from; each != to; ++each) names.push_back(each->second);
    waiting_.erase(from, to);
    for (auto& each : names) {
      auto& sent = get(each.first).machine->outbox();
      if (!sent.contains(each.second)) continue;
      const auto& name = sent.at(each.second).method_name;
      answer_with(each, of, method ? *method : *of.of->type.contract->find(name), how);
    }
  };
  of.journal.push_back(step);
  for (auto& each : step.commands) {
    ++number;
    if (std::holds_alternative<core::message_sent>(each)) posted_.push_back({of.id, number});
  }
  if (crashes_) reload(of);
  for (auto& each : step.commands) {
    if (auto* update = std::get_if<core::update_ended>(&each)) {
      end(update->update, update->outcome);
    } else if (std::holds_alternative<core::main_ended>(each)) {
      end(of.machine->main()->started, *of.machine->main()->outcome);
    }
  }
  if (of.machine->can_continue() && !of.machine->has_ended() &&
      of.machine->run_events() >= limits_.continue_after_events) {
    commit(of, of.machine->continue_as_new(now_));
  }
}

void stage::settle() {
  while (!posted_.empty()) {
    const auto next = posted_.front();
    posted_.pop_front();
    deliver(next);
  }
}

void stage::deliver(const message_name& name) {
  auto& sender = get(name.first);
  auto found = sender.machine->outbox().find(name.second);
  if (found == sender.machine->outbox().end()) return;
  const auto what = found->second;
  auto refuse = [&](errc code, std::string why) { answer(name, {{}, error{code, why}}); };
  if (!types_.contains(what.target.type)) {
    return refuse(errc::unknown_type, "no entity type \"" + what.target.type + "\"");
  }
  auto& receiver = get(what.target);
  auto& contract = *receiver.of->type.contract;
  auto* main = receiver.machine->main();
  if (what.kind == message_kind::result) {
    if (!main) return refuse(errc::entity_not_found, "it was not started");
    if (main->outcome) return answer_with(name, receiver, *contract.main(), *main->outcome);
    waiting_.emplace(message_name{receiver.id, main->started}, name);
    return;
  }
  error why;
  const core::origin from{sender.id, sender.machine->life(), name.second, what.chain};
  const bool stops = what.kind == message_kind::cancel || what.kind == message_kind::terminate;
  const method* method = nullptr;
  core::message message;
  if (!stops) {
    method = what.kind == message_kind::start ? contract.main() : contract.find(what.method_name);
    if (!method) return refuse(errc::unknown_method, "no " + what.method_name);
    auto params = receiver.of->json.decode(method->params, as_text(what.params));
    if (!params) return refuse(errc::malformed, params.error().detail);
    message = {method->ordinal, *params, {}, duration{0}, from, {}, what.start, what.as_child};
  }
  auto outcome = [&]() -> core::outcome {
    auto& to = *receiver.machine;
    switch (what.kind) {
      case message_kind::cancel:
        return to.cancel(what.reason, from, now_);
      case message_kind::terminate:
        return to.terminate(what.reason, from, now_);
      case message_kind::signal:
        return to.handle_signal(std::move(message), now_);
      case message_kind::start:
        return to.handle_start(std::move(message), now_);
      default:
        return to.handle_update(std::move(message), now_);
    }
  }();
  if (what.kind == message_kind::update) {
    if (auto* step = std::get_if<core::accepted>(&outcome)) {
      waiting_.emplace(message_name{receiver.id, step->step.event}, name);
    }
  }
  if (!take(receiver, std::move(outcome), &why)) {
    if (!stops) return answer(name, {{}, why});
  }
  if (what.kind == message_kind::start) {
    answer(name, {});
  } else if (what.kind != message_kind::update) {
    sender.machine->delivered(name.second);
    commit(sender, sender.machine->settle_deliveries(now_).value());
  }
}

void stage::answer_with(const message_name& name, live& receiver, const method& of,
                        const core::update_outcome& how) {
  if (how.how == core::update_outcome::kind::failed) {
    return answer(name, {{}, error{errc::failed, how.message, how.type}});
  }
  const auto text = receiver.of->json.encode(of.results, how.results).value();
  const auto view = as_bytes_view(text);
  answer(name, {bytes(view.begin(), view.end()), std::nullopt});
}

void stage::answer(const message_name& name, core::call_outcome how) {
  auto& sender = get(name.first);
  const auto target = sender.machine->outbox().at(name.second).target;
  error why;
  take(sender, sender.machine->take_reply(name.second, std::move(how), now_), &why);
  if (types_.contains(target.type)) {
    get(target).machine->forget(sender.id, sender.machine->life(), name.second);
  }
}

void stage::fire(timestamp until) {
  while (true) {
    settle();
    live* first = nullptr;
    for (auto& [id, of] : entities_) {
      auto due = of.machine->next_due();
      if (due && *due <= until && (!first || *due < *first->machine->next_due())) first = &of;
    }
    if (!first) return;
    now_ = std::max(now_, *first->machine->next_due());
    commit(*first, first->machine->fire(now_).value());
  }
}

void stage::run_for(duration time) {
  const auto end = now_ + time;
  fire(end);
  now_ = end;
}

void stage::outage(duration time) {
  now_ += time;
  fire(now_);
}

}  // namespace perdure::testing
