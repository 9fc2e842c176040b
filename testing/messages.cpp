// Messages between entities of a test's world.

#include <algorithm>
#include <array>
#include <limits>

#include "testing/world.h"

namespace perdure::testing {

namespace {

using core::message_kind;

constexpr duration first_pause = std::chrono::seconds{1};
constexpr duration longest_pause = std::chrono::seconds{60};

duration pause_after(std::uint32_t attempts) {
  return std::min(longest_pause, first_pause * (1 << std::min(attempts - 1, 6u)));
}

/// What a cancel or a terminate asks for is so already.
bool is_so_already(message_kind kind, const error& why) {
  return (kind == message_kind::cancel || kind == message_kind::terminate) &&
         (why.code == errc::completed || why.code == errc::entity_not_found ||
          why.code == errc::rejected);
}

/// Returns the method an untyped message names, or null.
const method* named_method(const core::outgoing& what, const contract& type) {
  switch (what.kind) {
    case message_kind::start:
    case message_kind::run:
    case message_kind::result:
      return type.main();
    default:
      break;
  }
  const auto wanted = what.kind == message_kind::update  ? method_kind::update
                      : what.kind == message_kind::query ? method_kind::query
                                                         : method_kind::signal;
  auto* found = type.find(what.method_name);
  return found && found->kind == wanted ? found : nullptr;
}

core::call_outcome outcome_of(const core::update_outcome& how) {
  if (how.how == core::update_outcome::kind::completed) return {how.results, std::nullopt};
  return {{}, error{errc::failed, how.message, how.type}};
}

}  // namespace

void world::deliver(live& sender, event_number number) {
  auto found = sender.machine->outbox().find(number);
  if (found == sender.machine->outbox().end()) {
    sender.deliveries.erase(number);
    return;
  }
  auto what = found->second;
  if (!types_.contains(what.target.type)) {
    return refused(sender, what,
                   {errc::unknown_type, "no entities of type \"" + what.target.type + "\" here"});
  }
  if (auto why = read_json(what)) return refused(sender, what, *why);
  deliver(sender, what, get(what.target));
}

const core::json_codec& world::json_of(const std::string& type) {
  return json_.try_emplace(type, *types_.find(type)->second.contract).first->second;
}

/// Puts an untyped message into the terms of its receiver's contract.
std::optional<error> world::read_json(core::outgoing& what) {
  if (what.method_name.empty()) return std::nullopt;
  auto& type = *types_.find(what.target.type)->second.contract;
  auto* method = named_method(what, type);
  if (!method) {
    return error{errc::unknown_method, '"' + what.target.type + "\" has no " +
                                           std::string(core::kind_name(what.kind)) + ' ' +
                                           what.method_name};
  }
  if (what.kind == message_kind::result) return std::nullopt;
  auto params = json_of(what.target.type).decode(method->params, as_text(what.params));
  if (!params) return std::move(params).error();
  what.method = method->ordinal;
  what.params = std::move(*params);
  return std::nullopt;
}

/// Puts results into JSON for an untyped message; a start that was accepted has none.
void world::write_json(const core::outgoing& what, core::call_outcome& how) {
  if (what.method_name.empty() || how.why || what.kind == message_kind::start) return;
  auto& type = *types_.find(what.target.type)->second.contract;
  auto text = json_of(what.target.type).encode(named_method(what, type)->results, how.results);
  if (!text) {
    how = {{}, std::move(text).error()};
    return;
  }
  const auto view = as_bytes_view(*text);
  how.results.assign(view.begin(), view.end());
}

void world::deliver(live& sender, const core::outgoing& what, live& receiver) {
  const core::origin from{sender.id, sender.machine->life(), what.number, what.chain};
  const auto life = sender.lives_in_memory;
  const bool must_exist = what.kind != message_kind::signal && what.kind != message_kind::update &&
                          what.kind != message_kind::start && what.kind != message_kind::run;
  if (must_exist && !receiver.exists()) {
    return refused(sender, what,
                   {errc::entity_not_found, to_string(receiver.id) + " does not exist"});
  }
  auto& machine = *receiver.machine;
  if (what.kind == message_kind::query) {
    auto results = machine.query(what.method, what.params, now_);
    if (!results) return refused(sender, what, results.error());
    return answered_at_once(sender, what.number, {std::move(*results), std::nullopt});
  }
  const bool by_its_end = what.kind == message_kind::update || what.kind == message_kind::run ||
                          what.kind == message_kind::result;
  auto wait_for = [&](event_number begun) {
    receiver.waiting.emplace(begun, std::pair(sender.id, what.number));
    sender.deliveries.at(what.number).how = delivery::state::taken;
  };
  auto place_of = [&](event_number event) {
    auto step = receiver.steps.upper_bound(event);
    return step == receiver.steps.begin() ? place{} : std::prev(step)->second;
  };
  auto& sent = sender.deliveries.at(what.number).sent;
  auto answer_with = [&](event_number begun, const core::update_outcome& how) {
    auto end = receiver.ended.find(begun);
    const auto when = end == receiver.ended.end() ? sent : std::max(sent, end->second);
    answered(sender, what.number, outcome_of(how), when);
  };
  if (what.kind == message_kind::result) {
    auto* main = machine.main();
    if (!main) {
      return refused(
          sender, what,
          {errc::entity_not_found, to_string(receiver.id) + " was not started: it has no result"});
    }
    if (main->outcome) return answer_with(main->started, *main->outcome);
    return wait_for(main->started);
  }

  core::message message{what.method, what.params,      {},         duration{0},
                        from,        what.traceparent, what.start, what.as_child};
  auto outcome = [&]() -> core::outcome {
    switch (what.kind) {
      case message_kind::signal:
        return machine.handle_signal(std::move(message), now_);
      case message_kind::update:
        return machine.handle_update(std::move(message), now_);
      case message_kind::cancel:
        return machine.cancel(what.reason, from, now_, what.as_child);
      case message_kind::terminate:
        return machine.terminate(what.reason, from, now_, what.as_child);
      default:
        return start(receiver, std::move(message));
    }
  }();
  if (auto* refusal = std::get_if<core::refused>(&outcome)) {
    if (refusal->state_lost) crash(receiver);
    return refused(sender, what, refusal->why);
  }
  if (auto* seen = std::get_if<core::repeated>(&outcome)) {
    if (by_its_end) {
      if (seen->outcome) return answer_with(seen->event, *seen->outcome);
      return wait_for(seen->event);
    }
    if (what.kind == message_kind::start) {
      return answered(sender, what.number, {}, std::max(sent, place_of(seen->event)));
    }
    return taken(sender, what.number);
  }
  auto& step = std::get<core::accepted>(outcome).step;
  const auto event = machine.answered_by_end_of(step);
  if (by_its_end) wait_for(event);
  commit(receiver, std::move(step));
  // The sender may have crashed with this step; then it knows nothing of it, and sends again.
  if (by_its_end || sender.lives_in_memory != life) return;
  if (what.kind == message_kind::start) {
    answered(sender, what.number, {}, place_of(event));
  } else {
    taken(sender, what.number);
  }
}

/// The receiver has taken it, and no answer follows.
void world::taken(live& sender, event_number number) {
  sender.machine->delivered(number);
  unsettled_.insert(sender.id);
  sender.deliveries.at(number).how = delivery::state::done;
  touch(sender);
}

void world::answered(live& sender, event_number number, core::call_outcome how, place when) {
  auto found = sender.deliveries.find(number);
  if (found == sender.deliveries.end() || found->second.how == delivery::state::answered) return;
  found->second.how = delivery::state::answered;
  found->second.answered = when;
  auto& sent = sender.machine->outbox();
  if (auto what = sent.find(number); what != sent.end()) write_json(what->second, how);
  found->second.answer = std::move(how);
  touch(sender);
}

void world::answered_at_once(live& sender, event_number number, core::call_outcome how) {
  auto& sent = sender.deliveries.at(number);
  answered(sender, number, std::move(how), sent.sent);
  if (!sender.machine->is_paused()) tell(sender, number);
}

void world::refused(live& sender, const core::outgoing& what, const error& why) {
  auto& sent = sender.deliveries.at(what.number);
  if (retryable(why.code)) {
    sent.sent.time = now_ + pause_after(++sent.attempts);
    sent.last_failure = why.detail;
    return touch(sender);
  }
  if (is_so_already(what.kind, why)) return taken(sender, what.number);
  if (what.kind == message_kind::signal || why.code == errc::unknown_type) {
    undelivered_.push_back(to_string(sender.id) + ": message " +
                           std::string(core::kind_name(what.kind)) + " to " +
                           to_string(what.target) + " (event " + std::to_string(what.number) +
                           ") was refused: " + why.detail);
  }
  answered_at_once(sender, what.number, {{}, why});
}

/// Tells the sender the answer to its message.
void world::tell(live& sender, event_number number) {
  // What has ended takes no more steps.
  if (sender.machine->has_ended()) return taken(sender, number);
  auto outcome = sender.machine->take_reply(number, sender.deliveries.at(number).answer, now_);
  if (auto* step = std::get_if<core::accepted>(&outcome)) {
    commit(sender, std::move(step->step));
  } else {
    sender.deliveries.erase(number);
    touch(sender);
  }
}

/// Tells receivers what they may forget, now that the step is durable.
void world::settle_messages(live& of, const core::record& step) {
  std::map<entity_id, event_number> settled;
  auto settle = [&](event_number number) {
    auto found = of.deliveries.find(number);
    if (found == of.deliveries.end()) return;
    auto& last = settled[found->second.target];
    last = std::max(last, number);
    of.deliveries.erase(found);
  };
  for (auto each : step.settles) settle(each);
  if (auto* reply = std::get_if<core::reply_received>(&step.what)) settle(reply->message);
  for (auto& [target, last] : settled) {
    auto* receiver = find(target);
    if (!receiver) continue;
    // Only what comes before all that is not settled will not be asked for again.
    auto until = last;
    for (auto& [number, each] : of.deliveries) {
      if (each.target == target) until = std::min(until, number - 1);
    }
    receiver->machine->forget(of.id, of.machine->life(), until);
  }
}

}  // namespace perdure::testing
