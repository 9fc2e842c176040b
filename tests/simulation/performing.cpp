// What entities want done: each as the runtime does it.

#include <algorithm>
#include <type_traits>

#include "node.h"

namespace perdure::simulation {

void node::perform(const slot& of, process::append& what) {
  commit work{of};
  work.step = std::move(what.step);
  work.snapshot = std::move(what.snapshot);
  work.replies = std::move(what.replies);
  work.effects = std::move(what.effects);
  if (with_.bird == canary::answers_early) {
    for (auto& each : std::exchange(work.replies, {})) say(std::move(each));
  }
  submit(std::move(work));
}

void node::perform(const slot& of, process::behind& what) {
  commit barrier{of};
  barrier.needs = what.needs;
  barrier.replies = std::move(what.replies);
  barrier.effects = std::move(what.effects);
  submit(std::move(barrier));
}

void node::perform(const slot& of, process::await_submitted&) {
  commit barrier{of};
  barrier.reached = mail::kind::barrier;
  submit(std::move(barrier));
}

void node::perform(const slot&, process::arm& what) {
  courier_.tell_at(what.at, std::move(what.to), std::move(what.what));
}

void node::perform(const slot& of, process::load&) {
  auto found = with_.store.load(of->id);
  of->durable = found ? found->summary.last_event : 0;
  with_.note(12, of->durable, [&] {
    return to_string(of->id) + " is read, to event " + std::to_string(of->durable);
  });
  drive(of, [&](auto& process, timestamp now, auto& out) {
    process.loaded(std::move(found), now, out);
  });
}

void node::perform(const slot& of, process::read_history& what) {
  auto all = with_.store.history(of->id, what.from, 1'000'000, what.run);
  if (all) std::erase_if(*all, [&](auto& each) { return each.event > what.to; });
  drive(of, [&](auto& process, timestamp now, auto& out) {
    process.history_read(std::move(all), now, out);
  });
}

void node::perform(const slot& of, process::ask_past& what) {
  auto found = with_.store.load(of->id, what.what.options.at);
  auto answered = found ? process::query_past(surroundings_, type(), std::move(*found), what.what)
                        : result<answer>(std::move(found).error());
  say(process::answer_caller{std::move(what.done), std::move(answered)});
}

void node::perform(const slot& of, process::keep& what) {
  const auto event = what.what.event;
  if (of->durable >= event) return with_.store.keep(std::move(what.what));
  commit last{of};
  last.needs = event;
  last.snapshot = std::make_unique<persistence::snapshot>(std::move(what.what));
  submit(std::move(last));
}

void node::perform(const slot& of, process::answer_description& what) {
  if (!what.what) return what.done(std::move(*what.why));
  auto done = [done = std::move(what.done),
               about = std::make_shared<process::description>(std::move(*what.what))](
                  const std::optional<error>& why) {
    if (why)
      done(*why);
    else
      done(std::move(*about));
  };
  if (of->durable >= what.needs) return done(std::nullopt);
  process::behind after;
  after.needs = what.needs;
  after.replies.push_back(process::report_to{std::move(done)});
  perform(of, after);
}

void node::perform(const slot& of, process::note_parked& what) {
  with_.note(13, what.why.has_value(), [&] {
    return what.why ? what.why->detail : to_string(of->id) + " is no longer parked";
  });
  if (!what.why) {
    parked_.erase(of->id);
    return;
  }
  parked_.insert_or_assign(of->id, *what.why);
  if (!deployment::broken || what.why->code != errc::nondeterministic) {
    throw violation{std::string(to_string(what.why->code)) + ": " + what.why->detail};
  }
}

void node::perform(const slot&, process::complain& what) {
  with_.note(14, what.is_error, [&] { return what.text; });
  if (what.is_error) throw violation{what.text};
}

void node::perform(const slot&, process::count&) {}

template <class Said>
void node::perform(const slot& of, Said& what) {
  if constexpr (std::is_constructible_v<process::reply, Said>) {
    say(std::move(what));
  } else {
    if constexpr (std::is_same_v<Said, process::send>) {
      // What leaves at once was under way before.
      if (with_.bird == canary::forgets_outbox) return;
    }
    affect(of->id, std::move(what));
  }
}

bool node::drive_any(const slot& whom, const any_call& call) {
  auto& process = *whom->process;
  process.durable(whom->durable);
  const auto now = with_.time.wall();
  if (whom->wanted) return call(process, now, *whom->wanted);
  process::actions wanted;
  whom->wanted = &wanted;
  const bool said = call(process, now, wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto next = std::move(wanted[i]);
    with_.note(10, next.index(), nullptr);
    std::visit([&](auto& each) { perform(whom, each); }, next);
  }
  whom->wanted = nullptr;
  return said;
}

void node::say(process::reply what) {
  if (auto* to = std::get_if<process::answer_caller>(&what)) {
    to->done(std::move(to->what));
  } else if (auto* report = std::get_if<process::report_to>(&what)) {
    report->done(report->why);
  } else {
    auto& told = std::get<process::told>(what);
    with_.model.told(told);
    auto to_whom = told.about->sender;
    const auto from = told.about->what.target;
    courier_.send(from, std::move(to_whom), std::move(told));
  }
}

void node::take_back(process::reply what, const error& why) {
  if (auto* to = std::get_if<process::answer_caller>(&what)) {
    to->done(why);
  } else if (auto* report = std::get_if<process::report_to>(&what)) {
    report->done(why);
  } else {
    auto& told = std::get<process::told>(what);
    say(process::told{std::move(told.about), process::verdict::not_now, {{}, why}});
  }
}

void node::affect(const entity_id& of, process::effect what) {
  with_.note(15, what.index(), [&] {
    constexpr const char* names[] = {"sends",
                                     "schedules an activity",
                                     "schedules activities anew",
                                     "cancels an activity",
                                     "has recorded an activity's end",
                                     "does not want an activity's end",
                                     "cannot take an activity's end",
                                     "tells"};
    auto text = to_string(of) + " " + names[what.index()];
    if (auto* sent = std::get_if<process::send>(&what)) {
      text += " " + std::to_string(sent->what->what.number) + " to " +
              to_string(sent->what->what.target);
    } else if (auto* fresh = std::get_if<process::schedule_activity>(&what)) {
      text += " " + std::to_string(fresh->what.number);
    }
    return text;
  });
  if (auto* sent = std::get_if<process::send>(&what)) {
    auto target = sent->what->what.target;
    courier_.send(of, std::move(target), process::message{std::move(sent->what)});
  } else if (auto* fresh = std::get_if<process::schedule_activity>(&what)) {
    desk_.schedule(of, fresh->life, std::move(fresh->what));
  } else if (auto* known = std::get_if<process::schedule_reloaded>(&what)) {
    desk_.schedule_reloaded(of, known->life, std::move(known->what));
  } else if (auto* off = std::get_if<process::cancel_activity>(&what)) {
    if (off->waits)
      desk_.request_cancel(of, off->life, off->activity);
    else
      desk_.cancel(of, off->life, off->activity);
  } else if (auto* recorded = std::get_if<process::activity_recorded>(&what)) {
    desk_.recorded(of, recorded->life, recorded->activity);
  } else if (auto* unwanted = std::get_if<process::activity_unwanted>(&what)) {
    desk_.refused(of, unwanted->life, unwanted->activity);
  } else if (auto* later = std::get_if<process::activity_not_now>(&what)) {
    desk_.tell_again(of, later->life, later->activity);
  } else {
    auto& told = std::get<process::tell_entity>(what);
    auto to = told.to;
    courier_.send(of, std::move(to), process::to_delivery(std::move(told.what)));
  }
}

}  // namespace perdure::simulation
