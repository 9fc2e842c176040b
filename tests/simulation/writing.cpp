// The writer: what is appended queues up, is committed in groups, and comes back later, in order.

#include <algorithm>

#include "node.h"
#include "persistence/codec.h"

namespace perdure::simulation {

using persistence::append_outcome;

namespace {

error to_error(append_outcome outcome) {
  if (outcome == append_outcome::storage_full) return {errc::storage_full, "there is no room"};
  if (outcome == append_outcome::fenced) return {errc::unavailable, "another node owns it"};
  if (outcome == append_outcome::out_of_sequence) {
    return {errc::unavailable, "an earlier message could not be written"};
  }
  return {errc::unavailable, "it is not known whether it was written"};
}

}  // namespace

void node::submit(commit work) { queue_.push_back(std::move(work)); }

void node::refuse_commits(std::uint32_t many, append_outcome how, bool written) {
  refusals_.insert(refusals_.end(), many, {how, written});
}

void node::append_some() {
  const auto most = 1 + with_.chance.below(with_.plan.sizes.group);
  std::vector<persistence::batch> batches;
  std::vector<commit> group;
  while (!queue_.empty() && batches.size() < most) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (group.back().step) batches.push_back(std::move(*group.back().step));
  }
  std::vector<append_outcome> outcomes(batches.size(), append_outcome::unknown);
  if (!batches.empty()) {
    if (!refusals_.empty()) {
      with_.store.fail_next(refusals_.front().how, 1, refusals_.front().written);
      refusals_.pop_front();
    }
    with_.store.append(batches, outcomes);
    tell_model(batches, outcomes);
  }
  std::size_t batch = 0;
  for (auto& each : group) {
    if (each.step) {
      each.step = std::move(batches[batch]);
      each.outcome = outcomes[batch++];
    }
    coming_back_.push_back(std::move(each));
  }
}

void node::tell_model(const std::vector<persistence::batch>& batches,
                      const std::vector<append_outcome>& outcomes) {
  for (std::size_t i = 0; i < batches.size(); ++i) {
    auto& each = batches[i];
    with_.note(16, mixed(each.first_event, static_cast<std::uint64_t>(outcomes[i])), [&] {
      constexpr const char* names[] = {"is written", "is fenced", "is out of sequence",
                                       "finds no room", "is unknown"};
      const auto step = persistence::decode_record(each.encoded).value();
      auto text = to_string(each.entity) + " event " + std::to_string(each.first_event) + " " +
                  names[static_cast<std::size_t>(outcomes[i])] + ": " + core::describe(step.what);
      if (step.from)
        text += " from " + to_string(step.from->sender) + " " + std::to_string(step.from->number);
      for (auto& command : step.commands) text += "; " + core::describe(command);
      return text;
    });
    bool written = outcomes[i] == append_outcome::ok;
    if (outcomes[i] == append_outcome::unknown) {
      const auto now = with_.store.find(each.entity);
      written = now && now->last_event >= each.after.last_event;
    }
    if (written) with_.model.durable(each);
  }
}

void node::come_back() {
  auto done = std::move(coming_back_.front());
  coming_back_.pop_front();
  if (done.step && done.outcome == append_outcome::ok) {
    done.entity->durable = done.step->after.last_event;
    committed(*done.entity, done.step->after);
  }
  const bool durable =
      done.step ? done.outcome == append_outcome::ok : done.entity->durable >= done.needs;
  if (durable) {
    if (done.snapshot && !with_.befalls(fault::lost_snapshots)) {
      with_.store.keep(std::move(*done.snapshot));
    }
    for (auto& each : done.replies) say(std::move(each));
    for (auto& each : done.effects) affect(done.entity->id, std::move(each));
  } else {
    const auto why = to_error(done.step ? done.outcome : append_outcome::out_of_sequence);
    if (done.step && is_here(done.entity)) {
      done.entity->mails.push_back({mail::kind::refused, process::record_settled{}, why});
    }
    for (auto& each : done.replies) take_back(std::move(each), why);
  }
  if (done.reached && is_here(done.entity)) done.entity->mails.push_back({*done.reached});
}

void node::committed(resident& whom, const persistence::entity_summary& after) {
  if (std::exchange(whom.armed, after.next_due) == after.next_due || !after.next_due) return;
  soon_.emplace(*after.next_due, whom.id);
}

}  // namespace perdure::simulation
