#include "process/entity_process.h"

#include <utility>

#include "process/visit.h"

namespace perdure::process {

entity_process::entity_process(const surroundings& shared, const hosted_type& type,
                               const entity_id& who, ownership owner)
    : shared_(shared), type_(type), who_(who), owner_(owner) {}

entity_process::~entity_process() = default;

timestamp entity_process::now() const { return visit_->now; }

void entity_process::act(action what) { visit_->out.push_back(std::move(what)); }

// -- deliveries -----------------------------------------------------------------------------------

void entity_process::deliver(delivery& what, timestamp now, actions& out) {
  const visit here{*this, now, out};
  const auto* wakes = std::get_if<wake>(&what);
  const bool stays = passing_ && !(wakes && wakes->in_passing);
  if (stays) passing_ = false;
  if (stays && stage_ == stage::serving) ask_senders();
  sort(what);
}

void entity_process::sort(delivery& what) {
  switch (stage_) {
    case stage::loading:
    case stage::returning:
    case stage::resetting:
      extras().held.push_back(std::move(what));
      return;
    case stage::parked:
      return deliver_parked(what);
    case stage::serving:
      break;
  }
  try {
    std::visit([&](auto& each) { on(each); }, what);
  } catch (const failure& why) {
    give_up(what, why.why());
  } catch (const std::exception& why) {
    // A state that cannot be encoded, at the latest here.
    give_up(what, {errc::internal, why.what()});
  } catch (...) {
    give_up(what, {errc::internal, to_string(who_) + " threw what is no std::exception"});
  }
}

/// A parked entity can be described, mended and reset. What it owes and is owed waits with it.
void entity_process::deliver_parked(delivery& what) {
  if (auto* about = std::get_if<process::describe>(&what)) return on(*about);
  if (auto* mended = std::get_if<process::resume>(&what)) return on(*mended);
  if (auto* back = std::get_if<process::reset>(&what)) return on(*back);
  refuse(what, *parked_, visit_->out);
}

/// Taking a delivery failed: answers it, and parks the entity.
void entity_process::give_up(delivery& what, error why) {
  if (why.code != errc::nondeterministic) why.code = errc::internal;
  refuse(what, why, visit_->out);
  refuse_waiting(why, now(), visit_->out);
  park(std::move(why));
}

void entity_process::refuse_waiting(const error& why, timestamp now, actions& out) {
  const visit here{*this, now, out};
  if (!extras_) return;
  refuse_waiters(why);
  for (auto& each : std::exchange(extras_->held, {})) refuse(each, why, out);
  if (auto asked = std::exchange(extras_->reset, std::nullopt)) {
    act(answer_caller{std::move(asked->done), why});
  }
  if (auto asked = std::exchange(extras_->resume, std::nullopt)) {
    act(answer_caller{std::move(asked->done), why});
  }
}

/// Those who wait for the end of an update or a main.
void entity_process::refuse_waiters(const error& why) {
  for (auto& [event, each] : std::exchange(extras().waiting, {})) {
    if (auto* about = std::get_if<envelope_ptr>(&each.who))
      act(told{*about, verdict::not_now, {{}, why}});
    else
      act(answer_caller{std::move(std::get<answerer>(each.who)), why});
  }
}

std::size_t entity_process::messages_under_way() const {
  return machine_ ? machine_->outbox().size() + (extras_ ? extras_->settling.size() : 0) : 0;
}

bool entity_process::may_be_removed() const {
  return stage_ == stage::serving && machine_->has_ended() && gate_.is_open();
}

}  // namespace perdure::process
