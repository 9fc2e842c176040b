#include <utility>

#include "process/entity_process.h"
#include "process/visit.h"

namespace perdure::process {

void entity_process::on(process::describe& what) {
  auto about = std::make_unique<description>();
  about->entity = who_;
  about->shard = owner_.shard;
  about->epoch = owner_.epoch;
  if (parked_) {
    about->status = "parked";
    about->parked = *parked_;
    return act(answer_description{0, std::move(about), {}, std::move(what.done)});
  }
  if (is_empty()) {
    const error missing{errc::entity_not_found, to_string(who_) + " does not exist"};
    return act(answer_description{0, nullptr, missing, std::move(what.done)});
  }
  auto name_of = [&](std::uint16_t ordinal) {
    auto* method = machine_->contract().find(ordinal);
    return method ? std::string(method->name) : '@' + std::to_string(ordinal);
  };
  about->summary = summary();
  about->status = persistence::to_string(about->summary.status);
  about->state = machine_->state();
  about->idempotency_keys = machine_->window().size();
  for (auto& [name, each] : machine_->reminders()) {
    about->timers.push_back({name, "reminder", each.due});
  }
  for (auto& each : machine_->delayed()) {
    about->timers.push_back({name_of(each.signal), "delayed_signal", each.due});
  }
  for (auto& each : machine_->timers()) about->timers.push_back({"sleep", "timer", each.due});
  for (auto& each : machine_->suspended()) {
    about->suspended.push_back({name_of(each.method()), each.started_by()});
  }
  about->attributes = machine_->attributes();
  if (auto* main = machine_->main()) about->main = *main;
  for (auto& each : machine_->children()) about->children.push_back(each.entity);
  if (extras_) about->messages = extras_->outbox.waiting(machine_->outbox());
  act(answer_description{gate_.last_submitted(), std::move(about), {}, std::move(what.done)});
}

}  // namespace perdure::process
