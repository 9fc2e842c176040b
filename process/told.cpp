// What comes back to an entity: of its messages, of its activities, and of time.

#include <algorithm>
#include <limits>
#include <utility>

#include "process/entity_process.h"
#include "process/visit.h"

namespace perdure::process {

namespace {

/// Within it the next step of a busy sender comes.
constexpr duration settled_by_itself = std::chrono::seconds{1};

constexpr event_number everything = std::numeric_limits<event_number>::max();

}  // namespace

// -- its messages ---------------------------------------------------------------------------------

void entity_process::on(told& what) {
  auto& about = *what.about;
  if (is_empty() || about.life != machine_->life()) return;  // Of an earlier life.
  const auto number = about.what.number;
  const auto found = machine_->outbox().find(number);
  if (found == machine_->outbox().end()) {
    // Settled already, which the receiver has not heard of, or not yet durably.
    const auto last = extras().outbox.forgettable(about.what.target, number);
    return do_when_durable(tell_entity{about.what.target, forget{who_, about.life, last}});
  }
  const auto sent = found->second;
  if (what.how == verdict::not_now) {
    auto& why = what.outcome.why;
    const auto pause = extras().outbox.failed(number, why ? why->detail : std::string());
    return act(arm{later(now(), pause), who_, send_again{number, about.life}});
  }
  was_taken(sent);
  if (what.how == verdict::taken && !ends_when_taken(sent.kind)) return;
  note_settling(number, sent.target);
  // Nobody waits for what becomes of a message that was taken, nor in an entity that has ended.
  if (what.how == verdict::taken || machine_->has_ended()) {
    machine_->delivered(number);
    // No step of its own will follow that would record it.
    if (machine_->has_ended() && machine_->outbox().empty()) settle_messages();
    return;
  }
  auto outcome = machine_->take_reply(number, std::move(what.outcome), now());
  submit(std::move(std::get<core::accepted>(outcome).step), {});
  maybe_continue_as_new();
}

/// The next one to the same receiver may leave.
void entity_process::was_taken(const core::outgoing& what) {
  send_when_durable(extras().outbox.taken(what, machine_->outbox()));
}

void entity_process::note_settling(event_number message, const entity_id& receiver) {
  extras().settling.push_back({message, receiver});
  if (std::exchange(extras().settle_armed, true)) return;
  act(arm{later(now(), settled_by_itself), who_, record_settled{}});
}

void entity_process::on(record_settled&) {
  if (extras_) extras_->settle_armed = false;
  if (is_empty()) return;
  settle_messages();
  maybe_continue_as_new();
}

void entity_process::settle_messages() {
  if (auto step = machine_->settle_messages(now())) submit(std::move(*step), {});
}

void entity_process::on(send_again& what) {
  if (is_empty() || what.life != machine_->life()) return;
  if (machine_->outbox().contains(what.message)) send_when_durable({what.message});
}

effect entity_process::send_of(const core::outgoing& what) const {
  return send{std::make_shared<const envelope>(envelope{who_, machine_->life(), what})};
}

void entity_process::send_when_durable(const std::vector<event_number>& messages) {
  for (auto number : messages) {
    auto leaves = send_of(machine_->outbox().at(number));
    if (gate_.has_passed(number))
      std::visit([&](auto& each) { act(std::move(each)); }, leaves);
    else
      act(behind{number, {}, one(std::move(leaves))});
  }
}

void entity_process::do_when_durable(effect what) {
  if (gate_.is_open()) return std::visit([&](auto& each) { act(std::move(each)); }, what);
  act(behind{gate_.last_submitted(), {}, one(std::move(what))});
}

std::vector<effect> entity_process::one(effect what) {
  std::vector<effect> only;
  only.push_back(std::move(what));
  return only;
}

// -- messages of others ---------------------------------------------------------------------------

void entity_process::on(forget& what) {
  if (is_empty()) return;
  machine_->forget(what.sender, what.life, what.number);
  // No step of its own will follow that would record it.
  if (machine_->has_ended() && !machine_->has_unsettled_senders()) settle_messages();
}

/// A receiver has not heard for long of messages that it took.
void entity_process::on(inquiry& what) {
  auto last = everything;
  if (!is_empty()) {
    if (machine_->life() < what.life) return;  // Not this entity's to say.
    if (machine_->life() == what.life) last = extras().outbox.forgettable(what.receiver, what.last);
  }
  do_when_durable(tell_entity{what.receiver, forget{who_, what.life, last}});
}

// -- activities -----------------------------------------------------------------------------------

void entity_process::on(activity_end& what) {
  const bool known = !is_empty() && machine_->life() == what.life;
  auto outcome =
      known
          ? machine_->end_activity(what.activity, std::move(what.outcome), now())
          : core::outcome{core::refused{{errc::completed, to_string(who_) + " was started anew"}}};
  if (auto* step = std::get_if<core::accepted>(&outcome)) {
    submit(std::move(step->step), {});
    return maybe_continue_as_new();
  }
  act(count{figure::refused});
  auto& refusal = std::get<core::refused>(outcome);
  if (may_pass(refusal.why.code))
    act(activity_not_now{what.life, what.activity, std::move(refusal.why)});
  else
    do_when_durable(activity_unwanted{what.life, what.activity, std::move(refusal.why)});
}

// -- time -----------------------------------------------------------------------------------------

void entity_process::on(wake& what) {
  while (stage_ == stage::serving) {
    auto step = machine_->fire(now());
    if (!step) throw failure(std::move(step).error());  // It cannot be handled: parked.
    if (!*step) break;
    act(count{figure::timers_fired});
    submit(std::move(**step), {});
    maybe_continue_as_new();
  }
  if (what.done) say(report_to{std::move(what.done)});
}

}  // namespace perdure::process
