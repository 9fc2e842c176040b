#include "node.h"

#include <algorithm>

#include "process/life.h"

namespace perdure::simulation {

namespace {

constexpr duration read_timers_every{30'000};

}  // namespace

const process::hosted_type& node::type() {
  static const process::hosted_type peers{type_of<peer>()};
  return peers;
}

node::node(shared& with)
    : with_(with),
      courier_(with),
      desk_(with, [this](const entity_id& to, process::activity_end what) {
        hand(to, std::move(what));
      }) {
  auto& sizes = with_.plan.sizes;
  surroundings_.limits.machine.continue_after_events = sizes.continue_after;
  surroundings_.limits.machine.copied_state_bytes = sizes.copied_state_bytes;
  surroundings_.limits.snapshot_every_events = sizes.snapshot_every;
  surroundings_.limits.digest_every_steps = sizes.digest_every;
  surroundings_.new_life = [this](sharding::epoch_number epoch) {
    return process::life_name(epoch, ++lives_);
  };
}

node::~node() = default;

// -- coming and going -----------------------------------------------------------------------------

void node::begin() {
  epochs_ = with_.store.acquire_all();
  lives_ = 0;
  read_timers();
  std::vector<entity_id> found;
  with_.store.pending([&](const entity_id& who) { found.push_back(who); });
  for (auto& each : found) hand(each, process::wake{[](const auto&) {}, false});
}

void node::crash(bool in_a_commit) {
  if (in_a_commit && !queue_.empty()) append_some();
  ++generation_;
  courier_.lose_all();
  desk_.lose_all();
  soon_.clear();
  parked_.clear();
  coming_back_.clear();
  queue_.clear();
  residents_.clear();
}

void node::ask(const entity_id& who, process::delivery what) { hand(who, std::move(what)); }

void node::wake(const entity_id& who, bool in_passing) {
  hand(who, process::wake{[this, who, at = generation_](const std::optional<error>& why) {
                            if (why && at == generation_) {
                              soon_.emplace(with_.time.wall() + duration{5'000}, who);
                            }
                          },
                          in_passing});
}

void node::put_away(const entity_id& who, bool in_any_case) {
  auto found = residents_.find(who);
  if (found == residents_.end() || found->second->leaving) return;
  auto& whom = *found->second;
  whom.leaving = true;
  mail off{mail::kind::leave};
  if (in_any_case) off.why = error{errc::unavailable, "it is put away"};
  whom.mails.push_back(std::move(off));
}

void node::put_all_away() {
  std::vector<entity_id> all;
  for (auto& [who, whom] : residents_) all.push_back(who);
  for (auto& each : all) put_away(each, false);
}

node::slot node::resident_of(const entity_id& who) {
  auto& found = residents_[who];
  if (!found) {
    const auto shard = sharding::shard_of(who, with_.store.shard_count());
    found = std::make_shared<resident>(resident{who, {shard, epochs_[shard]}});
    found->process =
        std::make_unique<process::entity_process>(surroundings_, type(), found->id, found->owner);
  }
  return found;
}

bool node::is_here(const slot& whom) const {
  auto found = residents_.find(whom->id);
  return found != residents_.end() && found->second == whom;
}

void node::hand(const entity_id& to, process::delivery what) {
  auto whom = resident_of(to);
  const bool is_bounded = what.index() <= process::delivery(process::message{}).index();
  if (is_bounded && whom->mails.size() + whom->kept.size() >= with_.plan.sizes.mailbox) {
    return refuse(what, to, {errc::overloaded, to_string(to) + " has too many messages waiting"});
  }
  if (whom->leaving) {
    whom->kept.push_back(std::move(what));
  } else {
    whom->mails.push_back({mail::kind::deliver, std::move(what)});
  }
}

void node::refuse(process::delivery& what, const entity_id& whose, const error& why) {
  process::actions said;
  process::refuse(what, why, said);
  for (auto& each : said) {
    if (auto* to = std::get_if<process::answer_caller>(&each)) {
      say(std::move(*to));
    } else if (auto* sender = std::get_if<process::told>(&each)) {
      say(std::move(*sender));
    } else if (auto* report = std::get_if<process::report_to>(&each)) {
      say(std::move(*report));
    } else if (auto* later = std::get_if<process::activity_not_now>(&each)) {
      affect(whose, std::move(*later));
    } else if (auto* about = std::get_if<process::answer_description>(&each)) {
      about->done(why);
    }
  }
}

void node::receive(const slot& whom) {
  auto next = std::move(whom->mails.front());
  whom->mails.pop_front();
  with_.note(11, mixed(whom->id.id.front(), next.what.index()), [&] {
    constexpr const char* kinds[] = {"delivery", "refused", "barrier", "leave", "leave durably"};
    constexpr const char* deliveries[] = {
        "call",    "await_update", "await_result",   "describe",     "terminate", "cancel",
        "pause",   "resume",       "reset",          "message",      "told",      "forget",
        "inquiry", "send_again",   "record_settled", "activity_end", "wake"};
    auto text = to_string(whom->id) + " takes ";
    if (next.about != mail::kind::deliver) return text + kinds[static_cast<int>(next.about)];
    text += deliveries[next.what.index()];
    if (auto* sent = std::get_if<process::message>(&next.what)) {
      text += " " + std::to_string(sent->what->what.number) + " of " +
              to_string(sent->what->sender) + " kind " +
              std::to_string(static_cast<int>(sent->what->what.kind));
    } else if (auto* told = std::get_if<process::told>(&next.what)) {
      text += " of " + std::to_string(told->about->what.number) + " verdict " +
              std::to_string(static_cast<int>(told->how)) +
              (told->outcome.why ? " " + told->outcome.why->detail : "");
    } else if (auto* end = std::get_if<process::activity_end>(&next.what)) {
      text += " of " + std::to_string(end->activity);
    } else if (auto* forget = std::get_if<process::forget>(&next.what)) {
      text += " " + to_string(forget->sender) + " to " + std::to_string(forget->number);
    }
    return text;
  });
  if (!std::exchange(whom->begun, true)) {
    drive(whom, [](auto& process, timestamp now, auto& out) { process.begin(now, out); });
  }
  switch (next.about) {
    case mail::kind::deliver:
      whom->process->durable(whom->durable);
      if (whom->process->may_be_removed() && !with_.store.find(whom->id)) {
        drive(whom, [](auto& process, timestamp now, auto& out) { process.removed(now, out); });
      }
      drive(whom,
            [&](auto& process, timestamp now, auto& out) { process.deliver(next.what, now, out); });
      if (whom->process->need_not_stay(with_.time.wall()) && whom->mails.empty() &&
          !whom->leaving) {
        whom->leaving = true;
        leave(whom, std::nullopt);
      }
      return;
    case mail::kind::refused:
      drive(whom, [&](auto& process, timestamp now, auto& out) {
        process.append_refused(std::move(*next.why), now, out);
      });
      return;
    case mail::kind::barrier:
      drive(whom,
            [](auto& process, timestamp now, auto& out) { process.barrier_reached(now, out); });
      return;
    case mail::kind::leave:
      return leave(whom, next.why);
    case mail::kind::leave_durably:
      return whom->process->is_going_back() ? stays(whom) : gone(whom);
  }
}

void node::leave(const slot& whom, const std::optional<error>& why) {
  using leaving = process::entity_process::leaving;
  if (why) {
    drive(whom,
          [&](auto& process, timestamp now, auto& out) { process.refuse_waiting(*why, now, out); });
  } else if (!drive(whom, [](auto& process, timestamp now, auto& out) {
               return process.can_leave(now, out);
             })) {
    return stays(whom);
  }
  const auto how = why                        ? leaving::for_good
                   : with_.chance.chance(500) ? leaving::in_haste
                                              : leaving::idle;
  if (!drive(whom, [&](auto& process, timestamp now, auto& out) {
        return process.leave(how, now, out);
      })) {
    return gone(whom);
  }
  commit barrier{whom};
  barrier.reached = mail::kind::leave_durably;
  submit(std::move(barrier));
}

void node::stays(const slot& whom) {
  whom->leaving = false;
  for (auto& each : std::exchange(whom->kept, {})) {
    whom->mails.push_back({mail::kind::deliver, std::move(each)});
  }
}

void node::gone(const slot& whom) {
  drive(whom, [](auto& process, timestamp now, auto& out) { process.end(now, out); });
  auto kept = std::move(whom->kept);
  residents_.erase(whom->id);
  for (auto& each : kept) hand(whom->id, std::move(each));
}

const core::machine* node::settled_machine(const entity_id& who) const {
  auto found = residents_.find(who);
  if (found == residents_.end()) return nullptr;
  auto* machine = found->second->process->machine();
  return machine && machine->where().last_event == found->second->durable ? machine : nullptr;
}

// -- what can happen ------------------------------------------------------------------------------

std::vector<node::move> node::moves() {
  std::vector<move> all;
  for (auto& [who, whom] : residents_) {
    if (!whom->mails.empty()) all.push_back({part::mail, who});
  }
  if (!queue_.empty() && (with_.calm || with_.chance.chance(with_.plan.sizes.writer_haste))) {
    all.push_back({part::append});
  }
  if (!coming_back_.empty() && !with_.befalls(fault::late_commits, 950)) {
    all.push_back({part::come_back});
  }
  std::vector<const courier::lane*> lanes;
  courier_.ready(lanes);
  for (auto* lane : lanes) all.push_back({part::carry, {}, lane});
  if (with_.time.passed >= next_refill_) read_timers();
  if (!soon_.empty() && soon_.begin()->first <= with_.time.wall()) all.push_back({part::timer});
  if (desk_.next() <= with_.time.passed) all.push_back({part::desk});
  return all;
}

void node::make(const move& what) {
  switch (what.of) {
    case part::mail: {
      const auto whom = residents_.at(what.who);  // It may leave.
      return receive(whom);
    }
    case part::append:
      return append_some();
    case part::come_back:
      return come_back();
    case part::carry: {
      auto parcel = courier_.take(*what.lane);
      return hand(parcel.to, std::move(parcel.what));
    }
    case part::timer:
      return fire_timer();
    case part::desk:
      return desk_.act();
  }
}

timestamp node::next() const {
  if (!queue_.empty() || !coming_back_.empty()) return with_.time.passed;
  for (auto& [who, whom] : residents_) {
    if (!whom->mails.empty()) return with_.time.passed;
  }
  auto first = std::min(courier_.next(), desk_.next());
  if (!soon_.empty()) first = std::min(first, with_.time.to_passed(soon_.begin()->first));
  bool is_due_later = false;
  with_.store.due(timestamp::max())([&](const auto&, auto) { is_due_later = true; });
  return is_due_later ? std::min(first, next_refill_) : first;
}

void node::read_timers() {
  next_refill_ = with_.time.passed + read_timers_every;
  const auto now = with_.time.wall();
  with_.store.due(now + 2 * read_timers_every)(
      [&](const entity_id& who, timestamp due) { soon_.emplace(due, who); });
}

void node::fire_timer() {
  const auto [due, who] = soon_.extract(soon_.begin()).value();
  const auto known = with_.store.find(who);
  if (!known || !known->next_due || *known->next_due > with_.time.wall()) return;
  wake(who, with_.chance.chance(100));
}

void node::collect() {
  std::map<entity_id, bool> there;
  for (auto& [who, book] : with_.model.books()) there.emplace(who, true);
  while (with_.store.collect(with_.time.wall())) {
  }
  for (auto& [who, was] : there) {
    if (!with_.store.find(who)) with_.model.removed(who);
  }
  for (auto& each : with_.store.held_back(with_.time.wall(), 100)) wake(each, false);
}

}  // namespace perdure::simulation
