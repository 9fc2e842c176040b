#include "runtime/live_entity.h"

#include <string>
#include <type_traits>
#include <utility>

#include <spdlog/spdlog.h>

namespace perdure::runtime {

namespace {

/// Actor, process, machine, instance, slot and directory entry, as measured by `./dev bench`.
constexpr std::int64_t fixed_bytes = 1'600;

constexpr std::size_t read_at_once = 4'096;  // Records of a history.

/// The actions of the entities that take turns on this thread: the list is used again and again.
process::actions& actions_of_this_thread() {
  thread_local process::actions wanted;
  return wanted;
}

}  // namespace

counter& entity_services::of(process::figure which) {
  using process::figure;
  switch (which) {
    case figure::signals:
      return signals;
    case figure::updates:
      return updates;
    case figure::queries:
      return queries;
    case figure::starts:
      return starts;
    case figure::refused:
      return refused;
    case figure::replayed:
      return replayed;
    case figure::timers_fired:
      return timers_fired;
    case figure::continued:
      return continued;
  }
  return refused;
}

/// Calls into the process, and does what comes out, and what comes out of that.
template <class Call>
auto live_entity::drive(Call call) {
  process_.durable(slot_->durable.load(std::memory_order_acquire));
  if (wanted_) return call(process_, services_.wall.now(), *wanted_);
  auto& wanted = actions_of_this_thread();
  wanted_ = &wanted;
  auto perform_all = [&] {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      auto next = std::move(wanted[i]);
      std::visit([&](auto& each) { perform(each); }, next);
    }
    wanted.clear();
    wanted_ = nullptr;
    account();
  };
  if constexpr (std::is_void_v<decltype(call(process_, timestamp{}, wanted))>) {
    call(process_, services_.wall.now(), wanted);
    perform_all();
  } else {
    auto said = call(process_, services_.wall.now(), wanted);
    perform_all();
    return said;
  }
}

live_entity::live_entity(entity_services& services, const process::hosted_type& type,
                         std::shared_ptr<entity_slot> slot, driver& by)
    : services_(services),
      slot_(std::move(slot)),
      driver_(by),
      process_(services.shared, type, slot_->id, {slot_->shard, slot_->epoch}) {
  drive([](auto& process, timestamp now, auto& out) { process.begin(now, out); });
}

live_entity::~live_entity() {
  drive([](auto& process, timestamp now, auto& out) { process.end(now, out); });
  services_.active_bytes -= accounted_bytes_;
  services_.messages_under_way -= accounted_messages_;
}

void live_entity::deliver(process::delivery& what) {
  process_.durable(slot_->durable.load(std::memory_order_acquire));
  if (process_.may_be_removed() && !services_.store.find(slot_->id)) {
    drive([](auto& process, timestamp now, auto& out) { process.removed(now, out); });
  }
  drive([&](auto& process, timestamp now, auto& out) { process.deliver(what, now, out); });
}

void live_entity::commit_refused(error why) {
  drive([&](auto& process, timestamp now, auto& out) {
    process.append_refused(std::move(why), now, out);
  });
}

void live_entity::barrier_reached() {
  drive([](auto& process, timestamp now, auto& out) { process.barrier_reached(now, out); });
}

bool live_entity::can_leave() {
  return drive([](auto& process, timestamp now, auto& out) { return process.can_leave(now, out); });
}

void live_entity::refuse_waiting(const error& why) {
  drive([&](auto& process, timestamp now, auto& out) { process.refuse_waiting(why, now, out); });
}

bool live_entity::leave(bool for_good) {
  using leaving = process::entity_process::leaving;
  const bool is_short =
      services_.active_bytes.load() > static_cast<std::int64_t>(services_.limits.active_bytes);
  const auto why = for_good ? leaving::for_good : is_short ? leaving::in_haste : leaving::idle;
  return drive(
      [&](auto& process, timestamp now, auto& out) { return process.leave(why, now, out); });
}

void live_entity::account() {
  const auto bytes = fixed_bytes + static_cast<std::int64_t>(3 * process_.state_size());
  services_.active_bytes += bytes - accounted_bytes_;
  accounted_bytes_ = bytes;
  const auto messages = static_cast<std::int64_t>(process_.messages_under_way());
  if (messages == accounted_messages_) return;
  services_.messages_under_way += messages - accounted_messages_;
  accounted_messages_ = messages;
}

// -- what the process wants done ------------------------------------------------------------------

void live_entity::perform(process::append& what) {
  commit work;
  work.entity = slot_;
  work.step = std::move(what.step);
  work.snapshot = std::move(what.snapshot);
  work.replies = std::move(what.replies);
  work.effects = std::move(what.effects);
  services_.writer.submit(std::move(work));
}

void live_entity::perform(process::behind& what) {
  commit barrier;
  barrier.entity = slot_;
  barrier.needs = what.needs;
  barrier.replies = std::move(what.replies);
  barrier.effects = std::move(what.effects);
  services_.writer.submit(std::move(barrier));
}

void live_entity::perform(process::await_submitted&) {
  commit barrier;
  barrier.entity = slot_;
  barrier.reached = driver_.call_again();
  services_.writer.submit(std::move(barrier));
}

void live_entity::perform(process::arm& what) {
  services_.messages.tell_at(what.at, std::move(what.to), std::move(what.what));
}

void live_entity::perform(process::load&) {
  auto found = services_.store.load(slot_->id);
  slot_->durable.store(found ? found->summary.last_event : 0, std::memory_order_release);
  drive(
      [&](auto& process, timestamp now, auto& out) { process.loaded(std::move(found), now, out); });
}

void live_entity::perform(process::read_history& what) {
  result<std::vector<core::record>> all{std::vector<core::record>{}};
  for (auto from = what.from; all && from <= what.to;) {
    auto some = services_.store.history(slot_->id, from, read_at_once, what.run);
    if (some && some->empty()) {
      some = error{errc::internal, to_string(slot_->id) + ": event " + std::to_string(from) +
                                       " is missing in the journal"};
    }
    if (!some) {
      all = std::move(some);
      break;
    }
    from = some->back().last_event() + 1;
    for (auto& each : *some) all->push_back(std::move(each));
  }
  drive([&](auto& process, timestamp now, auto& out) {
    process.history_read(std::move(all), now, out);
  });
}

void live_entity::perform(process::ask_past& what) {
  auto found = services_.store.load(slot_->id, what.what.options.at);
  auto answered =
      found ? process::query_past(services_.shared, process_.type(), std::move(*found), what.what)
            : result<answer>(std::move(found).error());
  if (answered) ++services_.queries;
  services_.out.say(process::answer_caller{std::move(what.done), std::move(answered)});
}

void live_entity::perform(process::keep& what) {
  const auto event = what.what.event;
  if (slot_->durable.load(std::memory_order_acquire) >= event) {
    return services_.store.keep(std::move(what.what));
  }
  commit last;
  last.entity = slot_;
  last.needs = event;
  last.snapshot = std::make_unique<persistence::snapshot>(std::move(what.what));
  services_.writer.submit(std::move(last));
}

void live_entity::perform(process::answer_description& what) {
  if (!what.what) return what.done(std::move(*what.why));
  what.what->activities = services_.activities.status_of(slot_->id);
  if (what.what->parked) {
    if (auto known = services_.store.find(slot_->id)) what.what->summary = *known;
  }
  auto done = [done = std::move(what.done),
               about = std::make_shared<process::description>(std::move(*what.what))](
                  const std::optional<error>& why) {
    if (why)
      done(*why);
    else
      done(std::move(*about));
  };
  if (slot_->durable.load(std::memory_order_acquire) >= what.needs) return done(std::nullopt);
  process::behind after;
  after.needs = what.needs;
  after.replies.push_back(process::report_to{std::move(done)});
  perform(after);
}

void live_entity::perform(process::note_parked& what) {
  const bool parked = what.why.has_value();
  if (parked && !parked_) ++services_.parked;
  if (!parked && parked_) --services_.parked;
  parked_ = parked;
  services_.on_parked(slot_->id, what.why);
}

void live_entity::perform(process::complain& what) {
  spdlog::log(what.is_error ? spdlog::level::err : spdlog::level::warn, what.text);
}

void live_entity::perform(process::count& what) { ++services_.of(what.what); }

template <class Said>
void live_entity::perform(Said& what) {
  if constexpr (std::is_constructible_v<process::reply, Said>)
    services_.out.say(std::move(what));
  else
    services_.out.perform(slot_->id, std::move(what));
}

}  // namespace perdure::runtime
