// What comes in from outside and from other entities, up to the step that it makes.

#include <algorithm>
#include <utility>

#include "entities/machine.h"
#include "entities/payload.h"
#include "entities/texts.h"

namespace perdure::core {

// -- messages -------------------------------------------------------------------------------------

outcome machine::handle_signal(message what, timestamp now) {
  const auto meaning = meaning_of(what.method, what.params);
  if (auto seen = seen_before(what, meaning, now)) return std::move(*seen);
  if (auto unknown = check_method(what.method, method_kind::signal)) return refused{*unknown};
  if (what.delay > duration::zero() || paused_) {
    const auto due = later(std::max(now, where_.last_time), what.delay);
    return take(signal_delayed{what.method, std::move(what.params), due}, &what, meaning, now);
  }
  return take(signal_received{what.method, std::move(what.params)}, &what, meaning, now);
}

outcome machine::handle_update(message what, timestamp now) {
  const auto meaning = meaning_of(what.method, what.params);
  if (auto seen = asked_before(what, meaning, now)) return std::move(*seen);
  if (auto unknown = check_method(what.method, method_kind::update)) return refused{*unknown};
  if (paused_) return refused{paused_error()};
  return take(update_accepted{what.method, std::move(what.params)}, &what, meaning, now);
}

outcome machine::handle_result(origin from, timestamp now) {
  if (auto seen = asked_before(from)) return std::move(*seen);
  if (!main_) {
    return refused{
        {errc::entity_not_found, to_string(self_) + " was not started: it has no result"}};
  }
  auto step = begin(settled{}, now);
  step.from = std::move(from);
  if (auto full = check_sender(step.from)) return refused{std::move(*full)};
  return take(std::move(step), true);
}

outcome machine::end_activity(event_number activity, call_outcome how, timestamp now) {
  if (!activities_.contains(activity)) {
    return refused{{errc::completed, to_string(self_) + " waits for no activity of " +
                                         event_text(activity) + " (any more)"}};
  }
  return take(begin(activity_ended{activity, std::move(how)}, now), true);
}

outcome machine::take_reply(event_number message, call_outcome how, timestamp now) {
  if (!outbox_.contains(message)) {
    return refused{{errc::completed, to_string(self_) + " waits for no answer to " +
                                         event_text(message) + " (any more)"}};
  }
  return take(begin(reply_received{message, std::move(how)}, now), true);
}

void machine::delivered(event_number message) {
  if (outbox_.erase(message)) settled_.push_back(message);
}

std::optional<record> machine::settle_messages(timestamp now) {
  if (settled_.empty()) return std::nullopt;
  auto taken = take(begin(settled{}, now), true);
  return std::move(std::get<accepted>(taken).step);
}

record machine::record_state(timestamp now) {
  auto taken = take(begin(settled{}, now), true);
  return std::move(std::get<accepted>(taken).step);
}

void machine::forget(const entity_id& sender, timestamp life, event_number number) {
  auto found = inbox_.find(sender);
  if (found == inbox_.end() || found->second.life != life) return;
  auto& taken = found->second;
  // A request that is not answered yet is waited for, whatever the sender knows of it.
  std::erase_if(taken.requests, [&](auto& each) { return each.number <= number; });
  if (!taken.requests.empty() || taken.last > number) return;
  settled_.push_back(taken.event);
  inbox_.erase(found);
}

// -- what is checked ------------------------------------------------------------------------------

outcome machine::take(input what, message* from, std::uint64_t meaning, timestamp now) {
  if (auto why = check_open()) return refused{std::move(*why)};
  if (auto full = check_room()) return refused{std::move(*full)};
  if (auto full = check_sender(from->from)) return refused{std::move(*full)};
  auto step = begin(std::move(what), now);
  if (!from->key.empty()) step.once = idempotency{std::move(from->key), meaning};
  step.from = std::move(from->from);
  step.traceparent = std::move(from->traceparent);
  const bool too_large = state_size_ > limits_.state_bytes && state().size() > limits_.state_bytes;
  const auto size = state_size_;
  auto taken = take(std::move(step), true);
  if (contract().state_nests && std::holds_alternative<accepted>(taken)) {
    if (auto why = check_depth()) return refused{std::move(*why), true};
  }
  // What makes it smaller is the way out.
  if (!too_large || !std::holds_alternative<accepted>(taken) || state().size() < size) return taken;
  return refused{
      {errc::too_large, to_string(self_) + " has a state of " + std::to_string(size) +
                            " bytes; the limit is " + std::to_string(limits_.state_bytes) +
                            ": it takes only what makes it smaller"},
      true};
}

std::optional<outcome> machine::seen_before(const message& what, std::uint64_t meaning,
                                            timestamp now) const {
  if (what.from) return seen_before(*what.from);
  if (what.key.empty()) return std::nullopt;
  const auto oldest = std::max(now, where_.last_time) - limits_.idempotency_time;
  auto* seen = window_.find(what.key, oldest);
  if (!seen) return std::nullopt;
  if (seen->digest != meaning) {
    return refused{{errc::idempotency_conflict,
                    "the idempotency key \"" + what.key + "\" came with another message before (" +
                        event_text(seen->event) + "): use a new key for a new message"}};
  }
  auto* main = contract().main();
  return repeated{seen->joined != 0 ? seen->joined : seen->event, seen->run, seen->is_update,
                  seen->outcome, main && seen->method == main->ordinal};
}

/// Likewise, of what is answered by its end.
std::optional<outcome> machine::asked_before(const message& what, std::uint64_t meaning,
                                             timestamp now) const {
  return what.from ? asked_before(*what.from) : seen_before(what, meaning, now);
}

/// Where it was taken and has left no trace, a reset has undone it; or it was refused, and its
/// sender has lost that and asks again, behind later ones. It must not wait for an answer.
std::optional<outcome> machine::asked_before(const origin& from) const {
  auto seen = seen_before(from);
  auto* again = seen ? std::get_if<repeated>(&*seen) : nullptr;
  if (!again || again->is_update || again->is_start) return seen;
  return refused{{errc::failed, to_string(self_) + " was reset, which undid this", "reset"}};
}

std::optional<outcome> machine::seen_before(const origin& from) const {
  // What was under way to itself before a reset is undone, or was sent again in this life.
  if (from.sender == self_ && from.life < life()) {
    return repeated{where_.last_event, where_.run, false, {}, false};
  }
  auto found = inbox_.find(from.sender);
  if (found == inbox_.end() || found->second.life < from.life) return std::nullopt;
  auto& taken = found->second;
  if (from.life == taken.life && from.number > taken.last) return std::nullopt;
  for (auto& each : taken.requests) {
    if (each.number == from.number) {
      const bool is_start = each.is_start;
      return repeated{each.event, each.run, !is_start, each.outcome, is_start};
    }
  }
  return repeated{where_.last_event, where_.run, false, {}, false};
}

error machine::paused_error() const {
  return {errc::unavailable, to_string(self_) + " is paused: try again when it has been resumed"};
}

std::optional<error> machine::check_open() const {
  auto ended = [&](const char* how) {
    return error{errc::completed, to_string(self_) + " was " + how + " and takes no more messages"};
  };
  switch (status_) {
    case life_status::running:
      return std::nullopt;
    case life_status::terminated:
      return ended("terminated");
    case life_status::completed:
      return error{errc::completed, to_string(self_) + " has completed and takes no more messages"};
    case life_status::failed:
      return error{errc::completed, to_string(self_) + " has failed and takes no more messages"};
    case life_status::cancelled:
      return ended("cancelled");
  }
  return std::nullopt;
}

std::optional<error> machine::check_sender(const std::optional<origin>& from) const {
  if (!from || inbox_.contains(from->sender) || inbox_.size() < limits_.senders) {
    return std::nullopt;
  }
  return error{errc::overloaded, to_string(self_) + " has messages of " +
                                     std::to_string(inbox_.size()) +
                                     " senders that are not settled, the limit"};
}

std::optional<error> machine::check_method(std::uint16_t method, method_kind kind) const {
  auto* found = contract().find(method);
  if (found && found->kind == kind) return std::nullopt;
  return error{errc::unknown_method, to_string(self_) + " has no " + std::string(to_string(kind)) +
                                         " @" + std::to_string(method)};
}

std::optional<error> machine::check_room() const {
  if (run_events() >= limits_.history_events || where_.run_bytes >= limits_.history_bytes) {
    std::string waiting;
    for (auto& each : handlers_.running()) {
      auto* method = contract().find(each.method());
      if (waiting.empty() && method)
        waiting = std::string(method->name) + " (" + event_text(each.started_by()) + ")";
    }
    return error{errc::history_full,
                 to_string(self_) + " has " + std::to_string(run_events()) +
                     " events in this run and cannot continue as new while " +
                     (waiting.empty() ? "a step is under way" : waiting + " is suspended") +
                     ": try again when it has ended"};
  }
  if (handlers_.size() >= limits_.suspended_handlers) {
    return error{errc::overloaded, to_string(self_) + " has " + std::to_string(handlers_.size()) +
                                       " suspended handlers, the limit: try again later"};
  }
  return std::nullopt;
}

std::optional<error> machine::check_depth() const {
  try {
    state();
    return std::nullopt;
  } catch (const failure& why) {
    return error{why.why().code, to_string(self_) + " would have a state that cannot be saved: " +
                                     why.why().detail};
  }
}

bool machine::is_join(const record& step) {
  return std::holds_alternative<settled>(step.what) && (step.from || step.once);
}

}  // namespace perdure::core
